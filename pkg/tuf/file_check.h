#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pkg/tuf/metadata.h"

namespace cairn::tuf {

/// Checks a file, given in pieces, against what metadata says of it: never longer than promised, in the end
/// of that length and with all hashes of the kinds we know (SHA-256, SHA-512). A description with hashes of
/// none of these kinds is refused; without length, `limit` bounds it.
class FileCheck {
  public:
    FileCheck(const FileDescription& file, std::string what, std::uint64_t limit);
    ~FileCheck();
    FileCheck(const FileCheck&) = delete;
    FileCheck& operator=(const FileCheck&) = delete;

    /// Throws VerifyError as soon as there are too many bytes.
    void update(std::span<const std::uint8_t> bytes);
    /// Throws VerifyError naming what differs.
    void finish();

  private:
    struct Hashers;
    const FileDescription& file_;
    std::string what_;
    std::uint64_t limit_;
    std::uint64_t length_ = 0;
    std::unique_ptr<Hashers> hashers_;
};

/// The same for bytes that are all there.
void check_bytes(std::string_view bytes, const FileDescription& file, std::string_view what);

}  // namespace cairn::tuf
