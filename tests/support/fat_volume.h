#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/fd.h"

namespace cairn::support {

struct FatFile {
    std::string path;  // "EFI/Linux/base_1.0.efi": long names where they are whole, else the short ones
    std::uint32_t size = 0;
    std::vector<std::uint32_t> clusters = {};  // in order
    bool is_whole = false;                     // they end where a file may end, and hold `size` bytes
};

/// A FAT32 file system as firmware reads it, which knows the first copy of the table alone. A reader of its
/// own, so that what Linux wrote is not judged by Linux; it reads what power cuts left without mending it.
class FatVolume {
  public:
    /// In a file or on a disk, `offset` bytes from its start. Throws Error when there is none.
    FatVolume(const std::filesystem::path& disk, std::uint64_t offset);

    /// All files in all folders, in the order of the folders' entries.
    const std::vector<FatFile>& files() const { return files_; }
    /// Of a whole file.
    std::string read(const FatFile& file) const;
    /// The bytes of table and folders, which decide what all files are.
    const std::string& structure() const { return structure_; }
    /// False: the second copy of the table differs.
    bool has_equal_tables() const { return has_equal_tables_; }

  private:
    std::string read_bytes(std::uint64_t offset, std::uint64_t size) const;
    std::string read_clusters(const std::vector<std::uint32_t>& clusters) const;
    std::vector<std::uint32_t> follow(std::uint32_t first, bool& ends) const;
    void read_folder(std::uint32_t first, const std::string& path, int depth);
    void add_entry(std::string_view entry, const std::string& path, int depth);

    Fd disk_;
    std::uint64_t offset_ = 0;
    std::uint64_t data_ = 0;          // where cluster 2 is
    std::uint64_t cluster_size_ = 0;  // bytes
    std::vector<std::uint32_t> table_;
    bool has_equal_tables_ = false;
    std::string structure_;
    std::vector<FatFile> files_;
};

}  // namespace cairn::support
