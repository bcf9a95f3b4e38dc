#include <fcntl.h>

#include <algorithm>
#include <format>
#include <vector>

#include "pkg/archive/tar_writer.h"
#include "pkg/archive/tree.h"
#include "pkg/archive/unpack.h"
#include "pkg/base/dir.h"
#include "tests/fuzz/walled_folder.h"

/// Input: an archive. The checksums of tar headers are put right first, or nearly every change of one would
/// be refused by them alone.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

constexpr archive::UnpackLimits limits = {.total_bytes = 1 << 20, .entries = 200};

std::vector<std::uint8_t> mend_checksums(Bytes input) {
    constexpr std::size_t block_size = 512, checksum = 148, checksum_size = 8, magic = 257;
    std::vector<std::uint8_t> tar(input.begin(), input.end());
    for (std::size_t at = 0; at + block_size <= tar.size(); at += block_size) {
        const auto block = std::span(tar).subspan(at, block_size);
        if (text_of(block.subspan(magic, 5)) != "ustar") continue;
        std::ranges::fill(block.subspan(checksum, checksum_size), ' ');
        const std::string sum = std::format("{:06o}", std::ranges::fold_left(block, 0U, std::plus<>()));
        std::ranges::copy(bytes_of(sum), block.begin() + checksum);
        block[checksum + 6] = 0;
    }
    return tar;
}

void check_files(const std::filesystem::path& folder, const archive::UnpackSummary& summary) {
    std::uint64_t files = 0, bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const struct stat status = WalledFolder::status(entry.path());
        require(status.st_mtim.tv_sec == archive::fixed_time, "every time is the fixed one");
        if (S_ISDIR(status.st_mode)) continue;
        ++files;
        require(S_ISREG(status.st_mode) || S_ISLNK(status.st_mode), "nothing but files and links is made");
        if (!S_ISREG(status.st_mode)) continue;
        bytes += static_cast<std::uint64_t>(status.st_size);
        const mode_t mode = status.st_mode & 07777;
        require(mode == 0644 || mode == 0755, "modes are 0644 or 0755");
    }
    require(files == summary.files, "every file is counted");
    require(bytes >= summary.bytes && summary.bytes <= limits.total_bytes, "the limit holds");
}

/// What was unpacked, as a tar of our own writer, unpacks to the same.
void check_written_back(const archive::FileTree& tree, const std::filesystem::path& folder) {
    const MemoryFile tar{{}};
    const Fd out = open_file(tar.path(), O_WRONLY);
    archive::TarWriter writer(out.get(), "tar", 1);
    for (const archive::FileEntry& entry : tree.entries) {
        writer.add(entry);
        if (entry.kind == archive::Kind::file) writer.write(bytes_of(read_file(folder / entry.path)));
    }
    writer.finish();
    const WalledFolder again;
    archive::unpack_archive(tar.path(), Dir::open(again.path()));
    require(archive::scan_tree(again.path()) == tree, "what our writer writes unpacks to the same");
}

}  // namespace

FUZZ_TARGET(input) {
    const MemoryFile file(mend_checksums(input));
    const WalledFolder folder;
    const auto summary = find_accepted<VerifyError>(
        [&] { return archive::unpack_archive(file.path(), Dir::open(folder.path()), {.limits = limits}); });
    folder.check();
    if (!summary) return;
    check_files(folder.path(), *summary);
    // Names with control characters can be unpacked, and not packed.
    if (const auto tree = find_accepted([&] { return archive::scan_tree(folder.path()); }))
        check_written_back(*tree, folder.path());
}
