#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pkg/archive/tree.h"

/// Writes a tar stream whose every byte is fixed by its entries: POSIX ustar, with a pax header only for what
/// ustar cannot hold (names over 100 bytes, extended attributes as SCHILY.xattr, large numbers).
namespace cairn::archive {

class TarWriter {
  public:
    /// Writes to `fd`, which stays the caller's; `name` is for messages. All entries get `time` (seconds
    /// since 1970).
    TarWriter(int fd, std::string name, std::uint64_t time);

    /// Begins an entry. For a file, exactly entry.size bytes of content must follow through write().
    void add(const FileEntry& entry);
    void write(std::span<const std::uint8_t> content);
    /// Writes the end of the archive. A stream without it is not whole; nothing may be added after it.
    void finish();

  private:
    void add_pax_header(const FileEntry& entry);
    void add_header(const FileEntry& entry);
    void append(std::span<const std::uint8_t> bytes);
    void append_padding(std::uint64_t size);
    void flush();

    int fd_;
    std::string name_;
    std::uint64_t time_;
    std::uint64_t expected_ = 0;  // content bytes of the current entry that are still to come
    std::uint64_t current_size_ = 0;
    std::vector<std::uint8_t> buffer_;
};

}  // namespace cairn::archive
