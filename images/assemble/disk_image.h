#pragma once

#include <filesystem>
#include <string>

#include "images/assemble/definition.h"
#include "images/assemble/verity.h"
#include "pkg/crypto/hash.h"

namespace cairn::assemble {

/// What goes onto the disk; the files stay where they are.
struct DiskImageParts {
    std::filesystem::path root;    // the EROFS
    std::filesystem::path verity;  // its hash tree
    crypto::Hash root_hash;
    std::filesystem::path boot_file;  // the UKI; keeps its name on the ESP
    std::filesystem::path loader;
    std::filesystem::path loader_settings;
};

/// Writes a new sparse file: GPT, ESP, and slot A with root and hash tree; slot B stays empty. Only what is
/// in the files is written, and where the file system can, the root's blocks are shared instead of copied.
void write_disk_image(const std::filesystem::path& output, const ImageDefinition& definition,
                      const DiskImageParts& parts);

/// The content of loader.conf: no menu, no editor, only our own entries, no keys enrolled by itself.
std::string make_loader_settings();

}  // namespace cairn::assemble
