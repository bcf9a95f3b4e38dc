#pragma once

#include <map>
#include <string>
#include <vector>

#include "images/assemble/definition.h"
#include "pkg/crypto/hash.h"
#include "pkg/package/identity.h"

/// The texts that say what an image is.
namespace cairn::assemble {

/// A package of the image: what it says about itself, and its id, which is proven by its signature.
struct PackageRecord {
    package::Identity identity;
    crypto::Hash id;
    std::uint64_t size = 0;  // bytes of its files
    bool operator==(const PackageRecord&) const = default;
};

enum class KeyKind { development, production };

/// /usr/lib/cairn/release.json.
std::string make_release(const ImageDefinition& definition, KeyKind keys);
/// /usr/lib/cairn/settings-defaults.json: the definition's settings, and its repository among them.
std::string make_settings_defaults(const ImageDefinition& definition);
/// /usr/lib/os-release, and the boot file's section .osrel: the loader orders versions by it.
std::string make_os_release(const ImageDefinition& definition, KeyKind keys);
/// SPDX 2.3, JSON: one package for the image and one for each that it contains.
std::string make_sbom(const ImageDefinition& definition, const std::vector<PackageRecord>& packages);
/// Lines for the SBAT section of the boot file.
std::string make_sbat(const ImageDefinition& definition);

/// What the finished image consists of.
struct ManifestFacts {
    crypto::Hash root_hash;
    std::uint64_t root_size = 0;
    std::uint64_t verity_size = 0;
    std::uint64_t boot_file_size = 0;
    std::string kernel_release;
    std::string command_line;
    std::map<std::string, crypto::Hash> files;  // SHA-256 by file name
};
/// manifest.json.
std::string make_manifest(const ImageDefinition& definition, const std::vector<PackageRecord>& packages,
                          KeyKind keys, const ManifestFacts& facts);

}  // namespace cairn::assemble
