#include "pkg/base/atomic_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <format>
#include <utility>

#include "pkg/base/error.h"

namespace cairn {

AtomicFile::AtomicFile(std::filesystem::path path, mode_t mode) : path_(std::move(path)) {
    std::string name =
        std::format("{}/.{}.XXXXXX", path_.has_parent_path() ? path_.parent_path().string() : ".",
                    path_.filename().string());
    fd_ = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd_.is_open())
        throw SystemError(std::format("cannot make a temporary file for '{}'", path_.string()));
    temporary_ = name;
    ::fchmod(fd_.get(), mode);
}

AtomicFile::~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) {
    write_all(fd_.get(), bytes, path_.string());
}
void AtomicFile::write(std::string_view text) {
    write_all(fd_.get(), text, path_.string());
}

void AtomicFile::commit(Durability durability) {
    // Power may fail between any two lines: until the rename the old content is in place, and what is renamed
    // is already on the disk. After the last sync the new name is, too.
    if (durability == Durability::synced) sync_fd(fd_.get(), path_.string());
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
        throw SystemError(std::format("cannot rename into place '{}'", path_.string()));
    temporary_.clear();
    if (durability == Durability::synced) {
        const std::filesystem::path parent = path_.has_parent_path() ? path_.parent_path() : ".";
        sync_fd(open_file(parent, O_RDONLY | O_DIRECTORY).get(), parent.string());
    }
    fd_.reset();
}

}  // namespace cairn
