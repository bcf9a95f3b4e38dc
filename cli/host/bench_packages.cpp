#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>
#include <functional>
#include <optional>
#include <print>
#include <random>

#include "cli/host/bench.h"
#include "cli/term/progress.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int small_files = 20'000;
constexpr int files_in_folder = 200;
constexpr std::size_t large_file = std::size_t{300} << 20;

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

std::size_t count_files(const fs::path& tree) {
    return static_cast<std::size_t>(std::ranges::count_if(
        fs::recursive_directory_iterator(tree),
        [](const fs::directory_entry& entry) { return entry.is_regular_file() && !entry.is_symlink(); }));
}

/// The next version: a copy of the tree in which every hundredth file is longer.
void make_changed_copy(const fs::path& tree, const fs::path& copy) {
    fs::copy(tree, copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    std::size_t number = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(copy))
        if (entry.is_regular_file() && !entry.is_symlink() && ++number % 100 == 0)
            write_file(entry.path(), read_file(entry.path()) + "changed\n");
}

/// Bytes that no compressor makes smaller; in pieces, because our own memory counts as our children's.
void make_large_file(const fs::path& path) {
    std::mt19937_64 random(1);
    const Fd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    std::array<std::uint64_t, 8192> piece;
    for (std::size_t written = 0; written < large_file; written += sizeof piece) {
        std::ranges::generate(piece, std::ref(random));
        write_all(file.get(), std::span(reinterpret_cast<const std::uint8_t*>(piece.data()), sizeof piece),
                  path);
    }
}

/// A command of ours or a script of a peer's, run where everything is.
class Workshop {
  public:
    explicit Workshop(fs::path directory) : directory_(std::move(directory)) {
        run_command_checked(
            {.arguments = {self_, "keys", "init", (directory_ / "keys").string(), "--insecure-dev"}});
    }

    milliseconds cairn(std::vector<std::string> arguments, const std::string& before = {}) const {
        arguments.insert(arguments.begin(), {self_, "package"});
        return measure(
            {.arguments = std::move(arguments), .directory = directory_, .environment = environment()},
            [&] { run(before); });
    }
    milliseconds script(const std::string& text, const std::string& before = {}) const {
        return measure(shell(text), [&] { run(before); });
    }
    /// Not measured.
    void run(const std::string& script) const {
        if (!script.empty()) run_command_checked(shell(script));
    }
    std::string self() const { return quote_for_shell(self_); }

  private:
    std::vector<std::string> environment() const { return {"CAIRN_KEYS=" + (directory_ / "keys").string()}; }
    Command shell(const std::string& script) const {
        return {.arguments = {"sh", "-ec", script}, .directory = directory_, .environment = environment()};
    }

    fs::path directory_;
    std::string self_ = fs::read_symlink("/proc/self/exe").string();
};

/// Another package manager of Debian's archive, with the same tree: scripts that make a package of `tree`,
/// install it into a fresh root `out`, and check what is installed.
struct Peer {
    std::string name;
    std::string needs;  // a program
    std::string prepare;
    std::string make;
    std::string install;
    std::string verify;
};

constexpr std::string_view fresh_root = "rm -rf out; mkdir -p out";

const Peer pacman{
    .name = "pacman",
    .needs = "pacman",
    .prepare =
        "printf '[options]\nArchitecture = auto\nSigLevel = Never\n' > pacman.conf; mkdir pacman cache hooks;"
        "printf 'pkgname = bench\npkgver = 1-1\npkgdesc = bench\narch = any\nsize = 1\n' > pacman/.PKGINFO",
    .make =
        "bsdtar -C tree -czf pacman/.MTREE --format=mtree "
        "--options='!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link' . ; "
        "bsdtar -cf - -C pacman .PKGINFO .MTREE -C ../tree $(ls -A tree) |"
        "zstd -q -f -3 -T0 -o bench-1-1-any.pkg.tar.zst",
    .install =
        "mkdir -p out/var/lib/pacman; pacman --root out --dbpath out/var/lib/pacman --config pacman.conf "
        "--noconfirm --cachedir cache --hookdir $PWD/hooks --logfile log -U bench-1-1-any.pkg.tar.zst",
    .verify = "pacman --root out --dbpath out/var/lib/pacman --config pacman.conf -Qkk bench"};

const Peer dpkg{
    .name = "dpkg",
    .needs = "dpkg-deb",
    .prepare =
        "cp -al tree deb; mkdir deb/DEBIAN; printf 'Package: bench\nVersion: 1\nArchitecture: all\n"
        "Maintainer: bench <bench@example.org>\nDescription: bench\n' > deb/DEBIAN/control",
    .make =
        "(cd tree; find . -type f -print0 | xargs -0 md5sum | sed 's#  [.]/#  #') > deb/DEBIAN/md5sums;"
        "dpkg-deb --root-owner-group -Zzstd -z3 -b deb bench.deb",
    .install =
        "mkdir -p out/var/lib/dpkg/updates out/var/lib/dpkg/info out/var/lib/dpkg/triggers;"
        "touch out/var/lib/dpkg/status;"
        "dpkg --root=$PWD/out --force-not-root --log=/dev/null --install bench.deb",
    .verify = "dpkg --root=$PWD/out --verify bench"};

struct PeerTimes {
    std::optional<milliseconds> make;
    std::optional<milliseconds> install;
    std::optional<milliseconds> verify;
};

PeerTimes measure_peer(const Peer& peer, const Workshop& workshop) {
    if (!find_program(peer.needs) || ::geteuid() != 0) return {};
    workshop.run(peer.prepare);
    PeerTimes times;
    times.make = workshop.script(peer.make);
    times.install = workshop.script(peer.install, std::string(fresh_root));
    times.verify = workshop.script(peer.verify);
    return times;
}

/// One line: our time, that of a yardstick, and peers'.
std::vector<std::string> make_row(const std::string& what, milliseconds time, const std::string& yardstick,
                                  milliseconds yardstick_time,
                                  const std::vector<std::optional<milliseconds>>& peers = {}) {
    std::vector<std::string> row{what, format_duration(time),
                                 std::format("{:.2f}", ratio(time, yardstick_time)),
                                 std::format("{} {}", yardstick, format_duration(yardstick_time))};
    for (const auto& peer : peers)
        row.push_back(peer ? std::format("{:.2f} ({})", ratio(time, *peer), format_duration(*peer)) : "");
    row.resize(6);
    return row;
}

/// How fast the library is that packages are hashed by.
milliseconds measure_hashing(const fs::path& file) {
    return measure([&] { crypto::hash_file_blake2b(file); });
}

/// Of any child so far, in bytes.
std::uint64_t peak_memory_of_children() {
    struct rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::vector<std::string> creation(const std::string& tree, const std::string& version) {
    return {"create",    tree,  "--name",    "bench",         "--version", version,
            "--license", "MIT", "--summary", "for measuring", "-o",        version + ".cpkg"};
}

}  // namespace

void bench_packages(const fs::path& given_tree) {
    const TemporaryDirectory directory;
    const fs::path tree = directory.path() / "tree";
    if (given_tree.empty())
        make_small_files(tree);
    else
        fs::copy(given_tree, tree, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    make_changed_copy(tree, directory.path() / "next");
    make_directories(directory.path() / "large");
    make_large_file(directory.path() / "large/file");
    const Workshop workshop(directory.path());
    const std::string fresh(fresh_root);

    // Ours first: the memory of all children so far is theirs.
    const milliseconds create = workshop.cairn(creation("tree", "1"), "rm -f 1.cpkg");
    for (const char* other : {"next", "large"})
        workshop.run(
            std::format("{} package create {} --name bench --version 2 --license MIT --summary x -o {}.cpkg",
                        workshop.self(), other, other));
    const milliseconds verify = workshop.cairn({"verify", "--unpack", "1.cpkg"});
    const milliseconds verify_large = workshop.cairn({"verify", "large.cpkg"});
    const milliseconds extract = workshop.cairn({"extract", "1.cpkg", "out"}, "rm -rf out");
    const milliseconds install = workshop.cairn({"install", "--root", "out", "1.cpkg"}, fresh);
    const milliseconds again = workshop.cairn({"install", "--root", "out", "1.cpkg"});
    const milliseconds check = workshop.cairn({"verify", "--root", "out"});
    const milliseconds upgrade =
        workshop.cairn({"upgrade", "--root", "out", "next.cpkg"},
                       fresh + ";" + workshop.self() + " package install --root out 1.cpkg");
    const std::uint64_t memory = peak_memory_of_children();

    const milliseconds tar_make = workshop.script("tar -C tree -cf - . | zstd -q -f -3 -T0 -o bench.tar.zst");
    const milliseconds tar_extract = workshop.script("tar -C out --zstd -xf bench.tar.zst", fresh);
    const milliseconds sums = workshop.script("find out -type f -print0 | xargs -0 b2sum -l 256 > sums");
    const milliseconds large_sum = measure_hashing(directory.path() / "large/file");
    const PeerTimes of_pacman = measure_peer(pacman, workshop);
    const PeerTimes of_dpkg = measure_peer(dpkg, workshop);

    const std::uint64_t size = size_of(tree);
    std::print("{}\n",
               term::format_table(
                   {{std::format("packages: {} in {} files", format_bytes(size), count_files(tree)), "time",
                     "ratio", "to", "to pacman", "to dpkg"},
                    make_row("create, signed and synced", create, "tar | zstd -3 -T0", tar_make,
                             {of_pacman.make, of_dpkg.make}),
                    make_row("verify a package, unpacking", verify, "b2sum of the files", sums),
                    make_row(std::format("verify a package of one file, {}", format_bytes(large_file)),
                             verify_large, "libsodium's BLAKE2b", large_sum),
                    make_row("extract, checked before it is written", extract, "tar --zstd -x", tar_extract),
                    make_row("install, checked and with a journal", install, "tar --zstd -x", tar_extract,
                             {of_pacman.install, of_dpkg.install}),
                    make_row("install again: nothing to do", again, "install", install),
                    make_row("upgrade: 1 % of the files changed", upgrade, "install", install),
                    make_row("verify what is installed", check, "b2sum of the files", sums,
                             {of_pacman.verify, of_dpkg.verify})}));
    std::println("sizes: package {}, tar {}; memory of any command of ours at most {}",
                 format_bytes(fs::file_size(directory.path() / "1.cpkg")),
                 format_bytes(fs::file_size(directory.path() / "bench.tar.zst")), format_bytes(memory));
    std::println(
        "unpacking and verifying: {} of plain bytes in a second",
        format_bytes(size * 1000 / static_cast<std::uint64_t>(std::max<std::int64_t>(1, verify.count()))));
    if (!of_pacman.make)
        std::println(
            "pacman is compared with, by root, when pacman-package-manager and libarchive-tools are "
            "installed");
    std::println("");
}

}  // namespace cairn::host
