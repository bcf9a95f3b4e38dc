#include "pkg/base/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <format>
#include <system_error>
#include <utility>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

std::string read_open_file(int fd, const fs::path& path, std::uint64_t limit) {
    const std::uint64_t size = file_size(fd, path.string());
    if (size > limit)  // before there is a buffer for it
        throw Error(std::format("'{}' is {} bytes, more than the {} allowed", path.string(), size, limit));
    std::string content(size, '\0');
    std::size_t used = 0;
    while (true) {
        if (used == content.size())
            content.resize(used + 4096);  // files in /proc say size 0; others may grow
        const std::size_t count = read_up_to(
            fd, std::span(reinterpret_cast<std::uint8_t*>(content.data()) + used, content.size() - used),
            path.string());
        used += count;
        if (used > limit)
            throw Error(std::format("'{}' is more than the {} bytes allowed", path.string(), limit));
        if (used < content.size()) break;
    }
    content.resize(used);
    return content;
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t limit) {
    return read_open_file(open_file(path, O_RDONLY).get(), path, limit);
}

std::optional<std::string> find_file(const fs::path& path, std::uint64_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!fd.is_open()) throw SystemError(std::format("cannot open '{}'", path.string()));
    return read_open_file(fd.get(), path, limit);
}

void write_file(const fs::path& path, std::string_view content, mode_t mode) {
    const Fd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    write_all(fd.get(), content, path.string());
}

void make_directories(const fs::path& path) {
    std::error_code code;
    fs::create_directories(path, code);
    if (code) throw SystemError(std::format("cannot make directory '{}'", path.string()), code.value());
}

void remove_tree(const fs::path& path) {
    std::error_code code;
    fs::remove_all(path, code);
    if (!code) return;
    // A read-only directory cannot be emptied by an ordinary user: open them all, then try again.
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, ignored);
    for (fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, ignored),
         end;
         it != end; it.increment(ignored)) {
        if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
        fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
    fs::remove_all(path, code);
    if (code) throw SystemError(std::format("cannot remove '{}'", path.string()), code.value());
}

void replace_file(const fs::path& path, std::string_view content, mode_t mode) {
    AtomicFile file(path, mode);
    file.write(content);
    file.commit();
}

TemporaryDirectory::TemporaryDirectory(const fs::path& parent, std::string_view prefix) {
    const fs::path base = parent.empty() ? fs::path(find_environment("TMPDIR").value_or("/tmp")) : parent;
    std::string name = (base / std::format("{}.XXXXXX", prefix)).string();
    if (::mkdtemp(name.data()) == nullptr)
        throw SystemError(std::format("cannot make a directory in '{}'", base.string()));
    path_ = name;
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(other.release()) {}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
    if (path_.empty()) return;
    try {
        remove_tree(path_);
    } catch (const Error&) {  // nothing that matters is left to a destructor
    }
}

fs::path TemporaryDirectory::release() {
    return std::exchange(path_, {});
}

FileLock::FileLock(const fs::path& path, Mode mode, void (*on_wait)(const fs::path&))
    : fd_(open_file(path, O_RDWR | O_CREAT, 0666)) {
    const int operation = mode == Mode::exclusive ? LOCK_EX : LOCK_SH;
    if (::flock(fd_.get(), operation | LOCK_NB) == 0) return;
    if (on_wait != nullptr) on_wait(path);
    while (::flock(fd_.get(), operation) != 0)
        if (errno != EINTR) throw SystemError(std::format("cannot lock '{}'", path.string()));
}

std::optional<FileLock> FileLock::find(const fs::path& path, Mode mode) {
    Fd fd = open_file(path, O_RDWR | O_CREAT, 0666);
    if (::flock(fd.get(), (mode == Mode::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return std::nullopt;
        throw SystemError(std::format("cannot lock '{}'", path.string()));
    }
    return FileLock(std::move(fd));
}

}  // namespace cairn
