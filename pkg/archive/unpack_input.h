#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "pkg/base/fd.h"
#include "pkg/base/process.h"

struct archive;

namespace cairn::archive {

/// A compressed file or archive opened with libarchive, whatever it is wrapped in: plain, inside a Debian
/// package (the data tree), or xz, which the program `xz` takes apart on several cores while we write.
class UnpackInput {
  public:
    enum class Content {
        archive,  // entries
        raw,      // one entry holding the uncompressed bytes
    };

    UnpackInput(std::filesystem::path file, Content content);
    UnpackInput(const UnpackInput&) = delete;
    UnpackInput& operator=(const UnpackInput&) = delete;

    struct ::archive* get() const { return reader_.get(); }
    std::uint64_t compressed_size() const { return compressed_size_; }
    /// Throws VerifyError with libarchive's last words.
    [[noreturn]] void fail() const;
    /// To be called at the end: throws VerifyError when the decompressing child found damage.
    void finish();

  private:
    struct FreeReader {
        void operator()(struct ::archive* reader) const;
    };
    using Reader = std::unique_ptr<struct ::archive, FreeReader>;

    static Reader make_reader(Content content);
    void open_xz();
    void open_debian_package();

    std::filesystem::path file_;
    Fd fd_;
    std::uint64_t compressed_size_ = 0;
    std::optional<Child> child_;
    Reader package_;  // outer archive of a Debian package; read from while reader_ lives
    Reader reader_;
};

}  // namespace cairn::archive
