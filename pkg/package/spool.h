#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "pkg/base/fd.h"
#include "pkg/crypto/hash.h"

namespace cairn::package {

/// Bytes whose place in a file is not known yet: they are kept in memory while they are few, and in an
/// unnamed file beside the output when they grow.
class Spool {
  public:
    explicit Spool(std::filesystem::path directory) : directory_(std::move(directory)) {}
    void append(std::span<const std::uint8_t> bytes);
    std::uint64_t size() const { return size_; }
    /// BLAKE2b-256 of everything appended. Once, at the end.
    crypto::Hash finish_hash() { return hasher_.finish(); }
    /// Appends everything to `fd`.
    void copy_to(int fd, const std::string& name);

  private:
    void flush();

    std::filesystem::path directory_;
    std::vector<std::uint8_t> memory_;
    Fd file_;
    std::uint64_t size_ = 0;
    crypto::Blake2bHasher hasher_;
};

}  // namespace cairn::package
