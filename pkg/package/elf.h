#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/package/identity.h"

/// Shared libraries that programs ask for, found in the ELF files themselves.
namespace cairn::package {

/// What the dynamic section of an ELF file says.
struct ElfLinks {
    std::string soname;               // empty: none
    std::vector<std::string> needed;  // in file order
    bool operator==(const ElfLinks&) const = default;
};

/// Empty for what is no 64-bit little-endian ELF file with a dynamic section. Throws VerifyError when it is
/// one but points outside of itself. `name` is for the message.
std::optional<ElfLinks> find_elf_links(int fd, const std::string& name);

struct LibraryRelations {
    std::vector<std::string> provides;  // "so:<soname>" of the libraries in usr/lib, sorted
    std::vector<std::string>
        depends;  // "so:<name>" of what the tree's files need and it does not provide, sorted
    bool operator==(const LibraryRelations&) const = default;
};

/// Looks into every executable file and every file named like a shared library of `tree`, which is below
/// `stage`.
LibraryRelations find_library_relations(const std::filesystem::path& stage, const archive::FileTree& tree);

/// Adds them to the identity, in order and once each.
void add_library_relations(Identity& identity, const LibraryRelations& relations);

}  // namespace cairn::package
