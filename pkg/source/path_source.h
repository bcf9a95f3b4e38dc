#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/crypto/hash.h"
#include "pkg/recipe/recipe.h"

/// Sources that lie in this repository: files chosen by globs, named by what they hold.
namespace cairn::source {

/// One file of a `path` source.
struct PathFile {
    std::string path;  // relative to the source's directory
    bool is_executable = false;
    std::string link;      // target of a symbolic link; empty for files
    crypto::Hash content;  // BLAKE2b of a file's content
    bool operator==(const PathFile&) const = default;
};

/// The directory a `path` source names. Throws UsageError unless it is a directory inside the repository that
/// holds recipes/<name>/.
std::filesystem::path find_source_directory(const recipe::Recipe& recipe, const recipe::SourceSpec& spec);

/// The files that `only` and `exclude` leave, sorted by path; `.git` is never taken. Hashes of files whose
/// size, times and inode are as they were come from `cache`/file-hashes, so that a second look costs a stat
/// for each file.
std::vector<PathFile> list_path_files(const std::filesystem::path& directory, const recipe::SourceSpec& spec,
                                      const std::filesystem::path& cache);

/// Copies the listed files into the empty directory `tree`. Throws Error when one was changed meanwhile.
void copy_path_files(const std::filesystem::path& directory, const std::vector<PathFile>& files,
                     const std::filesystem::path& tree);

}  // namespace cairn::source
