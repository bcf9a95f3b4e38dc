#include <format>
#include <print>
#include <random>

#include "cli/host/bench.h"
#include "cli/term/progress.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int small_files = 20'000;
constexpr int files_in_folder = 200;

/// About as large and as compressible as the sources of programs: words of a small vocabulary.
void make_small_files(const fs::path& tree) {
    std::minstd_rand random(1);
    std::vector<std::string> words;
    for (int word = 0; word < 3'000; ++word) {
        std::string text;
        for (unsigned letters = 2 + random() % 9; letters > 0; --letters)
            text += static_cast<char>('a' + random() % 26);
        words.push_back(text);
    }
    for (int file = 0; file < small_files; ++file) {
        const fs::path folder = tree / std::format("folder{:03}", file / files_in_folder);
        if (file % files_in_folder == 0) make_directories(folder);
        std::string content;
        for (const std::size_t size = 200 + random() % 9'000; content.size() < size;)
            content += words[random() % words.size()] + (random() % 8 == 0 ? "\n" : " ");
        write_file(folder / std::format("file{:05}", file), content);
    }
}

std::uint64_t size_of(const fs::path& tree) {
    std::uint64_t size = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(tree))
        if (entry.is_regular_file() && !entry.is_symlink()) size += entry.file_size();
    return size;
}

Command shell(const std::string& script) {
    return {.arguments = {"sh", "-c", script}};
}

}  // namespace

void bench_packages(const fs::path& given_tree) {
    const TemporaryDirectory directory;
    const fs::path tree = given_tree.empty() ? directory.path() / "tree" : given_tree;
    if (given_tree.empty()) make_small_files(tree);
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const std::string keys = directory.path() / "keys";
    run_command_checked({.arguments = {self, "keys", "init", keys, "--insecure-dev"}});
    const std::vector<std::string> environment{"CAIRN_KEYS=" + keys};
    const std::string package = directory.path() / "bench.cpkg";
    const std::string tar = directory.path() / "bench.tar.zst";
    const fs::path out = directory.path() / "out";
    const auto clear = [&] { remove_tree(out); };
    const auto make = [&] {
        clear();
        make_directories(out);
    };

    const milliseconds tar_create = measure(shell(
        std::format("tar -C {} -cf - . | zstd -q -f -3 -T0 -o {}", quote_for_shell(tree.string()), tar)));
    const milliseconds create =
        measure({.arguments = {self, "package", "create", tree.string(), "--name", "bench", "--version", "1",
                               "--license", "MIT", "--summary", "for measuring", "--output", package},
                 .environment = environment},
                [&] { fs::remove(package); });
    const milliseconds sums = measure(shell(
        std::format("find {} -type f -print0 | xargs -0 b2sum > /dev/null", quote_for_shell(tree.string()))));
    const milliseconds verify =
        measure({.arguments = {self, "package", "verify", package}, .environment = environment});
    const milliseconds tar_extract =
        measure({.arguments = {"tar", "-C", out.string(), "--zstd", "-xf", tar}}, make);
    const milliseconds extract = measure(
        {.arguments = {self, "package", "extract", package, out.string()}, .environment = environment},
        clear);

    const auto row = [](const std::string& name, milliseconds time, milliseconds yardstick) {
        return std::vector<std::string>{name, format_duration(time),
                                        std::format("{:.2f}", ratio(time, yardstick))};
    };
    std::print("{}\n",
               term::format_table(
                   {{std::format("packages: {} in {}", format_bytes(size_of(tree)),
                                 given_tree.empty() ? std::format("{} files", small_files) : tree.string()),
                     "time", "ratio"},
                    row("create, signed and synced", create, tar_create),
                    row("  tar | zstd -3 -T0", tar_create, tar_create),
                    row("verify every byte, unpacking", verify, sums),
                    row("  b2sum of the files", sums, sums),
                    row("extract, checked before it is written", extract, tar_extract),
                    row("  tar --zstd -x", tar_extract, tar_extract)}));
    std::println("sizes: package {}, tar {}\n", format_bytes(fs::file_size(package)),
                 format_bytes(fs::file_size(tar)));
}

}  // namespace cairn::host
