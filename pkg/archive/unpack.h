#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/dir.h"

/// Unpacking archives that others made. libarchive only reads; every file is written by us through `Dir`, so
/// that no entry lands outside the destination and no link is ever followed.
namespace cairn::archive {

/// What an archive may expand to. Beyond `always_allowed` bytes, an archive that grows by more than `ratio`
/// is taken for a decompression bomb.
struct UnpackLimits {
    std::uint64_t total_bytes = std::uint64_t{32} << 30;
    std::uint64_t always_allowed = std::uint64_t{64} << 20;
    std::uint64_t ratio = 200;
    std::uint64_t entries = 2'000'000;
};

struct UnpackOptions {
    int strip = 0;  // leading directories dropped from each path; entries with no more are left out
    std::vector<std::string>
        only;  // globs on the stripped path: just these; a directory's name takes what is in it
    std::vector<std::string> exclude;  // globs on the stripped path: not these
    UnpackLimits limits;
};

struct UnpackSummary {
    std::uint64_t files = 0;        // entries made, directories left out
    std::uint64_t bytes = 0;        // content written
    std::uint64_t directories = 0;  // directories made
};

/// Times of everything that is unpacked: one second after the epoch, as SOURCE_DATE_EPOCH says for builds.
constexpr std::int64_t fixed_time = 1;

/// Unpacks `file` (tar, zip, with any of gzip, bzip2, xz, zstd, lzma; a Debian package gives its data
/// tree) into `destination`, which must be empty. Modes become 0644 or 0755, times `fixed_time`, owners the
/// caller's.
///
/// Throws VerifyError for an archive that is damaged or hostile: absolute paths, "..", paths through a
/// symbolic link, hard links to what is not in the archive, devices and fifos, one path twice, more than the
/// limits. What was written until then stays in `destination`: throw that directory away.
UnpackSummary unpack_archive(const std::filesystem::path& file, const Dir& destination,
                             const UnpackOptions& options = {});

/// The content of a compressed file (gzip, bzip2, xz, zstd; plain text is given as it is). Throws VerifyError
/// when it is damaged or larger than `limit`.
std::string read_compressed_file(const std::filesystem::path& file, std::uint64_t limit);

/// True when `path` or a directory above it matches one of `patterns`.
bool is_selected_by(const std::vector<std::string>& patterns, std::string_view path);

}  // namespace cairn::archive
