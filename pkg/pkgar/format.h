#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pkg/crypto/hash.h"
#include "pkg/crypto/key.h"

/// The bytes of a pkgar file's head; FORMAT.md describes them.
namespace cairn::pkgar {

constexpr std::size_t header_size = 136;
constexpr std::size_t entry_size = 308;
constexpr std::size_t path_limit = 255;

/// How the content of each entry is stored.
enum class Packing : std::uint8_t { raw = 0, lzma2 = 1 };

struct Entry {
    crypto::Hash content;      // BLAKE3 of the plain content; a link's content is its target
    std::uint64_t offset = 0;  // in the data
    std::uint64_t size = 0;    // as stored
    mode_t mode = 0;           // permission bits
    bool is_link = false;
    std::string path;
    bool operator==(const Entry&) const = default;
};

struct Head {
    crypto::PublicKey signer;
    std::string architecture;  // `any`, `x86_64`, `aarch64`, also `i586` and `riscv64`
    Packing packing = Packing::raw;
    std::vector<Entry> entries;
    std::uint64_t data_offset() const { return header_size + entry_size * entries.size(); }
};

/// The number of entries that a header announces. Throws VerifyError when they are more than a tree of ours
/// can hold.
std::size_t count_entries(std::span<const std::uint8_t, header_size> header);

/// Verifies the signature with `key`, the header's key against it, the hash of the entries, and that every
/// entry is one that can be used: a normalised path that is there once, a file or a link, without setuid or
/// setgid, its data within the `data_size` bytes that follow. Throws VerifyError.
Head parse_head(std::span<const std::uint8_t> bytes, std::uint64_t data_size, const crypto::PublicKey& key);

/// Header and entries, signed. Always the same bytes for the same head and key.
std::vector<std::uint8_t> format_head(const Head& head, crypto::Signer& signer);

}  // namespace cairn::pkgar
