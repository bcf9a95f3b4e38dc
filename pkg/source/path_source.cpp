#include "pkg/source/path_source.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <format>
#include <memory>

#include "pkg/archive/unpack.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/source/file_hashes.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

/// The directories of a glob before its first component with a wildcard: "pkg/base/*.h" → "pkg/base".
std::string literal_prefix(const std::string& pattern) {
    const std::size_t wildcard = pattern.find_first_of("*?[");
    if (wildcard == std::string::npos) return pattern;
    const std::size_t slash = pattern.rfind('/', wildcard);
    return slash == std::string::npos ? "" : pattern.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view directory) {
    return directory.empty() || path == directory ||
           (path.starts_with(directory) && path.size() > directory.size() && path[directory.size()] == '/');
}

/// Walks a directory and keeps out of subdirectories in which nothing can be chosen.
class FileWalk {
  public:
    FileWalk(const fs::path& directory, const recipe::SourceSpec& spec, FileHashes& hashes)
        : directory_(directory), spec_(spec), hashes_(hashes) {
        for (const std::string& pattern : spec.only) prefixes_.push_back(literal_prefix(pattern));
    }

    std::vector<PathFile> run() {
        visit("");
        std::ranges::sort(files_, {}, &PathFile::path);
        return std::move(files_);
    }

  private:
    void visit(const std::string& path) {
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir((directory_ / path).c_str()), &::closedir);
        if (!stream) throw SystemError(std::format("cannot list '{}'", (directory_ / path).string()));
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string name = entry->d_name;
            if (name == "." || name == ".." || name == ".git") continue;
            const std::string child = path.empty() ? name : path + "/" + name;
            if (archive::is_selected_by(spec_.exclude, child)) continue;
            struct stat status{};
            if (::fstatat(::dirfd(stream.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
                throw SystemError(std::format("cannot stat '{}'", (directory_ / child).string()));
            if (S_ISDIR(status.st_mode)) {
                if (may_hold_chosen(child)) visit(child);
            } else if (spec_.only.empty() || archive::is_selected_by(spec_.only, child)) {
                take(child, status);
            }
        }
    }

    bool may_hold_chosen(const std::string& path) const {
        return prefixes_.empty() || std::ranges::any_of(prefixes_, [&](const std::string& prefix) {
                   return is_below(path, prefix) || is_below(prefix, path);
               });
    }

    void take(const std::string& path, const struct stat& status) {
        PathFile file{.path = path};
        if (S_ISLNK(status.st_mode)) {
            file.link = fs::read_symlink(directory_ / path).string();
        } else if (S_ISREG(status.st_mode)) {
            file.is_executable = (status.st_mode & 0100) != 0;
            file.content = hashes_.hash_of(path, status);
        } else {
            throw UsageError(std::format("cannot use source file '{}': it is no plain file",
                                         (directory_ / path).string()));
        }
        files_.push_back(std::move(file));
    }

    const fs::path& directory_;
    const recipe::SourceSpec& spec_;
    FileHashes& hashes_;
    std::vector<std::string> prefixes_;
    std::vector<PathFile> files_;
};

}  // namespace

fs::path find_source_directory(const recipe::Recipe& recipe, const recipe::SourceSpec& spec) {
    const fs::path recipe_directory = fs::absolute(recipe.directory).lexically_normal();
    const fs::path repository = fs::weakly_canonical(recipe_directory / ".." / "..");
    const fs::path directory = fs::weakly_canonical(recipe_directory / spec.path);
    const fs::path inside = directory.lexically_relative(repository);
    if (fs::path(spec.path).is_absolute() || inside.empty() || *inside.begin() == "..")
        throw UsageError(
            std::format("cannot use source '{}' of recipe '{}': it lies outside of the repository", spec.path,
                        recipe.name));
    if (!fs::is_directory(directory))
        throw UsageError(std::format("cannot use source '{}' of recipe '{}': '{}' is no directory", spec.path,
                                     recipe.name, directory.string()));
    return directory;
}

std::vector<PathFile> list_path_files(const fs::path& directory, const recipe::SourceSpec& spec,
                                      const fs::path& cache) {
    FileHashes hashes(cache, directory);
    std::vector<PathFile> files = FileWalk(directory, spec, hashes).run();
    hashes.save();
    return files;
}

void copy_path_files(const fs::path& directory, const std::vector<PathFile>& files, const fs::path& tree) {
    const Dir target = Dir::open(tree);
    for (const PathFile& file : files) {
        if (const std::size_t slash = file.path.rfind('/'); slash != std::string::npos)
            target.make_directories(file.path.substr(0, slash), 0755);
        if (!file.link.empty()) {
            target.make_symlink(file.link, file.path);
            continue;
        }
        const std::string content = read_file(directory / file.path);
        if (crypto::hash_blake2b(content) != file.content)
            throw Error(std::format("cannot copy source file '{}': it was changed meanwhile",
                                    (directory / file.path).string()))
                .hint("start the build again");
        const Fd copy =
            target.open_file(file.path, O_WRONLY | O_CREAT | O_EXCL, file.is_executable ? 0755 : 0644);
        write_all(copy.get(), content, file.path);
    }
}

}  // namespace cairn::source
