#include "pkg/source/tree_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <format>
#include <memory>
#include <string>

#include "pkg/archive/unpack.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::source {
namespace {

constexpr timespec fixed_times[2] = {{.tv_sec = archive::fixed_time, .tv_nsec = 0},
                                     {.tv_sec = archive::fixed_time, .tv_nsec = 0}};

bool has_fixed_time(const struct stat& status) {
    return status.st_mtim.tv_sec == archive::fixed_time && status.st_mtim.tv_nsec == 0;
}

mode_t fixed_mode(const struct stat& status) {
    return S_ISDIR(status.st_mode) || (status.st_mode & 0100) != 0 ? 0755 : 0644;
}

class Walk {
  public:
    enum class Purpose { look, fix };
    explicit Walk(Purpose purpose) : purpose_(purpose) {}

    void visit_root(const std::filesystem::path& tree) {
        visit(AT_FDCWD, tree.c_str());
        struct stat status{};
        if (::lstat(tree.c_str(), &status) != 0) fail(tree.c_str());
        settle(AT_FDCWD, tree.c_str(), status);
    }
    const TreeState& state() const { return state_; }

  private:
    void visit(int parent, const char* name) {
        Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(fd.is_open() ? ::fdopendir(fd.get()) : nullptr,
                                                         &::closedir);
        if (!stream) fail(name);
        const int directory = fd.release();  // the stream closes it
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string_view child = entry->d_name;
            if (child == "." || child == "..") continue;
            struct stat status{};
            if (::fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) fail(entry->d_name);
            if (S_ISDIR(status.st_mode)) visit(directory, entry->d_name);
            ++state_.entries;
            if (S_ISREG(status.st_mode)) state_.bytes += static_cast<std::uint64_t>(status.st_size);
            settle(directory, entry->d_name, status);
        }
    }

    void settle(int directory, const char* name, const struct stat& status) {
        const bool has_mode = S_ISLNK(status.st_mode) || (status.st_mode & 07777) == fixed_mode(status);
        if (has_fixed_time(status) && has_mode) return;
        if (purpose_ == Purpose::look) {
            state_.is_fixed = false;
            return;
        }
        if (!has_mode && ::fchmodat(directory, name, fixed_mode(status), 0) != 0) fail(name);
        if (::utimensat(directory, name, fixed_times, AT_SYMLINK_NOFOLLOW) != 0) fail(name);
    }

    [[noreturn]] static void fail(const char* name) {
        throw SystemError(std::format("cannot look at '{}' in a source tree", name));
    }

    Purpose purpose_;
    TreeState state_;
};

TreeState walk(const std::filesystem::path& tree, Walk::Purpose purpose) {
    Walk walk(purpose);
    walk.visit_root(tree);
    return walk.state();
}

}  // namespace

TreeState look_at_tree(const std::filesystem::path& tree) {
    return walk(tree, Walk::Purpose::look);
}

TreeState fix_tree(const std::filesystem::path& tree) {
    return walk(tree, Walk::Purpose::fix);
}

}  // namespace cairn::source
