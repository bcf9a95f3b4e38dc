#include "initfs/init/copy_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::init {

namespace {

namespace fs = std::filesystem;

struct stat read_status(const fs::path& path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", path.string()));
    return status;
}

/// Owner first: changing it clears special bits of the mode.
void set_attributes(const fs::path& path, const struct stat& like) {
    if (lchown(path.c_str(), like.st_uid, like.st_gid) != 0)
        throw SystemError(std::format("cannot set the owner of '{}'", path.string()));
    if (!S_ISLNK(like.st_mode) && chmod(path.c_str(), like.st_mode & 07777) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", path.string()));
}

void copy_entry(const fs::path& from, const fs::path& to) {
    const struct stat status = read_status(from);
    if (S_ISLNK(status.st_mode)) {
        fs::create_symlink(fs::read_symlink(from), to);
    } else if (S_ISDIR(status.st_mode)) {
        make_directories(to);
        copy_tree(from, to);
    } else if (S_ISREG(status.st_mode)) {
        // Not readable by others at any moment: it may be /etc/shadow.
        write_file(to, read_file(from), 0600);
    } else {
        throw Error(std::format("'{}' is neither file, directory nor link", from.string()));
    }
    set_attributes(to, status);
}

}  // namespace

void copy_tree(const fs::path& from, const fs::path& to) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(from, error))
        copy_entry(entry.path(), to / entry.path().filename());
    if (error) throw SystemError(std::format("cannot read directory '{}'", from.string()), error.value());
}

}  // namespace cairn::init
