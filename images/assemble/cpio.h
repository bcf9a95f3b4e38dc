#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/archive/tree.h"

namespace cairn::assemble {

/// A cpio archive in the form that the kernel unpacks ("newc"), every byte of it fixed by what is added and
/// in which order: inode numbers count up, owners are as given, all times are the same.
class CpioArchive {
  public:
    explicit CpioArchive(std::uint32_t time) : time_(time) {}

    /// Adds a file, directory or symlink; `content` is a file's. A directory must be added before what is in
    /// it. Hard links are not known: add the file twice.
    void add(const archive::FileEntry& entry, std::string_view content);
    /// The whole archive, its end marker included. Nothing may be added after it.
    std::string finish() &&;

  private:
    void add_record(std::string_view name, std::uint32_t mode, const archive::FileEntry& entry,
                    std::string_view content);

    std::uint32_t time_;
    std::uint32_t next_inode_ = 1;
    std::string bytes_;
};

}  // namespace cairn::assemble
