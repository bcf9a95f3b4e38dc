#include "pkg/build/sysroot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <format>
#include <map>

#include "pkg/base/error.h"

namespace cairn::build {
namespace {

namespace fs = std::filesystem;

bool is_same_file(const fs::path& left, const fs::path& right) {
    if (fs::is_symlink(left) || fs::is_symlink(right))
        return fs::is_symlink(left) && fs::is_symlink(right) &&
               fs::read_symlink(left) == fs::read_symlink(right);
    return fs::is_regular_file(left) && fs::is_regular_file(right) &&
           crypto::hash_file_blake2b(left) == crypto::hash_file_blake2b(right);
}

/// Tells an output from one that was made again because the first was damaged: a sysroot's files are the
/// first one's.
std::string find_identity(const fs::path& stage) {
    struct stat status = {};
    if (::stat(stage.c_str(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", stage.string()));
    return std::format(" {}.{} ", status.st_ino, status.st_ctim.tv_nsec);
}

/// Whether a file must be copied: it is on another file system, has all the links it can have, or belongs to
/// another user (the kernel's fs.protected_hardlinks), as in a cache that is shared.
bool forbids_links(int error) {
    return error == EXDEV || error == EMLINK || error == EPERM;
}

/// Links or copies every file of `stage` below `root`; `owners` remembers which recipe brought a path.
void link_tree(const fs::path& stage, const fs::path& root, const std::string& name,
               std::map<std::string, std::string>& owners) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(stage)) {
        const fs::path relative = entry.path().lexically_relative(stage);
        const fs::path place = root / relative;
        if (entry.is_directory() && !entry.is_symlink()) {
            fs::create_directory(place);
            continue;
        }
        if (::linkat(AT_FDCWD, entry.path().c_str(), AT_FDCWD, place.c_str(), 0) == 0) {
            owners[relative.string()] = name;
            continue;
        }
        if (forbids_links(errno) && !fs::exists(fs::symlink_status(place))) {
            fs::copy(entry.path(), place, fs::copy_options::copy_symlinks);
            owners[relative.string()] = name;
            continue;
        }
        if (errno != EEXIST && !forbids_links(errno))
            throw SystemError(std::format("cannot link '{}' into a sysroot", entry.path().string()));
        if (!is_same_file(entry.path(), place))
            throw UsageError(std::format("recipes '{}' and '{}' both install '{}', with different content",
                                         owners[relative.string()], name, relative.string()))
                .hint("one of them must leave it out, or a recipe must not need both");
    }
}

}  // namespace

fs::path make_sysroot(const store::Store& store, const std::vector<crypto::Hash>& outputs,
                      const std::vector<std::string>& names) {
    crypto::Blake2bHasher hasher;
    for (const crypto::Hash& output : outputs) {
        hasher.update(output.bytes());
        hasher.update(find_identity(store.output_directory(output) / "stage"));
    }
    const fs::path place = store.root() / "sysroots" / hasher.finish().to_hex();
    if (fs::exists(place)) return place;
    store::WorkDirectory work = store.make_work_directory("sysroot");
    const fs::path root = work.path() / "root";
    fs::create_directories(root);
    fs::create_directories(place.parent_path());
    std::map<std::string, std::string> owners;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        link_tree(store.output_directory(outputs[i]) / "stage", root, names[i], owners);
    // Another run may have made the same one meanwhile; both are good.
    if (::rename(root.c_str(), place.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        throw SystemError(std::format("cannot move into place '{}'", place.string()));
    return place;
}

}  // namespace cairn::build
