#include "pkg/source/source_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <format>

#include "pkg/base/error.h"

namespace cairn::source {

namespace fs = std::filesystem;

namespace {

void rename_file(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        throw SystemError(std::format("cannot rename '{}' to '{}'", from.string(), to.string()));
}

}  // namespace

SourceCache::SourceCache(const fs::path& cache) : sources_(cache / "sources"), locks_(cache / "locks") {
    make_directories(sources_);
    make_directories(locks_);
}

fs::path SourceCache::path_of(const crypto::Hash& sha256) const {
    return sources_ / sha256.to_hex();
}

fs::path SourceCache::partial_path_of(const crypto::Hash& sha256) const {
    return sources_ / (sha256.to_hex() + ".part");
}

bool SourceCache::has(const crypto::Hash& sha256) const {
    return ::access(path_of(sha256).c_str(), R_OK) == 0;
}

std::optional<fs::path> SourceCache::find_intact(const crypto::Hash& sha256) const {
    if (!has(sha256)) return std::nullopt;
    const fs::path path = path_of(sha256);
    if (crypto::hash_file_sha256(path) == sha256) return path;
    remove_tree(path);
    return std::nullopt;
}

SourceCache::Adoption SourceCache::adopt_partial(const crypto::Hash& sha256) const {
    const fs::path partial = partial_path_of(sha256);
    if (crypto::hash_file_sha256(partial) != sha256) return Adoption::wrong_hash;
    ::chmod(partial.c_str(), 0444);  // against a slip of the hand; a damaged file is found anyway
    rename_file(partial, path_of(sha256));
    return Adoption::adopted;
}

fs::path SourceCache::reject_partial(const crypto::Hash& sha256, const std::string& file) const {
    make_directories(sources_ / "rejected");
    const fs::path path = sources_ / "rejected" / file;
    rename_file(partial_path_of(sha256), path);
    return path;
}

FileLock SourceCache::lock(const std::string& name) const {
    return FileLock(locks_ / name, FileLock::Mode::exclusive);
}

}  // namespace cairn::source
