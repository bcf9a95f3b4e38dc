#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "pkg/base/dir.h"
#include "pkg/base/fd.h"
#include "pkg/pkgar/format.h"

namespace cairn::pkgar {

/// An open pkgar file whose head is verified. Contents are hashed as they are read.
class Reader {
  public:
    const Head& head() const { return head_; }
    /// Gives an entry's content piece by piece and then throws VerifyError when it was not what the table
    /// says: whoever writes it down must be able to throw that away.
    void read(const Entry& entry, const std::function<void(std::span<const std::uint8_t>)>& sink) const;

  private:
    friend Reader open_pkgar(const std::filesystem::path&, const crypto::PublicKey&);
    Reader(std::string name, Fd fd, Head head)
        : name_(std::move(name)), fd_(std::move(fd)), head_(std::move(head)) {}
    void read_plain(const Entry& entry, const std::function<void(std::span<const std::uint8_t>)>& sink) const;

    std::string name_;
    Fd fd_;
    Head head_;
};

/// Throws VerifyError naming the file when its head is not as FORMAT.md says, or signed by another key.
Reader open_pkgar(const std::filesystem::path& path, const crypto::PublicKey& key);

/// Writes all files below `target`, a fresh directory that is thrown away when this fails. Directories are
/// 0755, files have the table's mode.
void extract_pkgar(const Reader& reader, const Dir& target);

}  // namespace cairn::pkgar
