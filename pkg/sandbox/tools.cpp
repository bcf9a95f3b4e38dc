#include "pkg/sandbox/tools.h"

#include <algorithm>
#include <array>
#include <format>
#include <map>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr auto base_set = std::to_array<std::string_view>(
    {// coreutils
     "[", "arch", "b2sum", "base32", "base64", "basename", "basenc", "cat", "chgrp", "chmod", "chown",
     "cksum", "comm", "cp", "csplit", "cut", "date", "dd", "df", "dir", "dirname", "du", "echo", "env",
     "expand", "expr", "factor", "false", "fmt", "fold", "groups", "head", "hostid", "id", "install", "join",
     "link", "ln", "logname", "ls", "md5sum", "mkdir", "mkfifo", "mknod", "mktemp", "mv", "nice", "nl",
     "nohup", "nproc", "numfmt", "od", "paste", "pathchk", "pr", "printenv", "printf", "ptx", "pwd",
     "readlink", "realpath", "rm", "rmdir", "seq", "sha1sum", "sha224sum", "sha256sum", "sha384sum",
     "sha512sum", "shred", "shuf", "sleep", "sort", "split", "stat", "stdbuf", "stty", "sum", "sync", "tac",
     "tail", "tee", "test", "timeout", "touch", "tr", "true", "truncate", "tsort", "tty", "uname", "unexpand",
     "uniq", "unlink", "vdir", "wc", "whoami", "yes",
     // shells and text
     "bash", "sh", "dash", "awk", "gawk", "sed", "grep", "egrep", "fgrep", "find", "xargs", "which", "diff",
     "cmp", "diff3", "sdiff", "patch", "file",
     // archives
     "tar", "gzip", "gunzip", "zcat", "xz", "unxz", "xzcat", "lzma", "unlzma", "bzip2", "bunzip2", "bzcat",
     "zstd", "unzstd", "zstdcat",
     // building
     "make", "pkgconf", "pkg-config"});

// Programs of LLVM are offered as "clang" and as "clang-19".
constexpr auto llvm_set = std::to_array<std::string_view>(
    {"clang",          "clang++",       "clang-cpp",    "ld.lld",         "lld",
     "llvm-addr2line", "llvm-ar",       "llvm-as",      "llvm-config",    "llvm-cov",
     "llvm-cxxfilt",   "llvm-dis",      "llvm-dlltool", "llvm-dwarfdump", "llvm-dwp",
     "llvm-lib",       "llvm-link",     "llvm-mc",      "llvm-nm",        "llvm-objcopy",
     "llvm-objdump",   "llvm-profdata", "llvm-ranlib",  "llvm-readelf",   "llvm-readobj",
     "llvm-size",      "llvm-strings",  "llvm-strip",   "llvm-symbolizer"});

// The names that build files use without asking; on this machine they may be another compiler's.
constexpr auto plain_names =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"addr2line", "llvm-addr2line"},
                                                                  {"ar", "llvm-ar"},
                                                                  {"c++", "clang++"},
                                                                  {"c++filt", "llvm-cxxfilt"},
                                                                  {"cc", "clang"},
                                                                  {"cpp", "clang-cpp"},
                                                                  {"ld", "ld.lld"},
                                                                  {"nm", "llvm-nm"},
                                                                  {"objcopy", "llvm-objcopy"},
                                                                  {"objdump", "llvm-objdump"},
                                                                  {"ranlib", "llvm-ranlib"},
                                                                  {"readelf", "llvm-readelf"},
                                                                  {"size", "llvm-size"},
                                                                  {"strings", "llvm-strings"},
                                                                  {"strip", "llvm-strip"}});

// Links of the host that depend on what else is installed there.
constexpr auto fixed_links = std::to_array<std::pair<std::string_view, std::string_view>>({{"awk", "gawk"}});

// Debian packages of commands that recipes often declare, where package and command differ.
constexpr auto known_packages = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"awk", "gawk"},
     {"clang", "clang-19"},
     {"clang++", "clang-19"},
     {"glib-compile-resources", "libglib2.0-dev-bin"},
     {"ld.lld", "lld-19"},
     {"ninja", "ninja-build"},
     {"pkg-config", "pkgconf"},
     {"python3", "python3-minimal"},
     {"xz", "xz-utils"},
     {"xsltproc", "xsltproc"},
     {"zic", "libc-bin"},
     {"msgfmt", "gettext"},
     {"depmod", "kmod"},
     {"mkfs.ext4", "e2fsprogs"},
     {"mkfs.vfat", "dosfstools"}});

constexpr int longest_chain = 16;

fs::path llvm_folder() {
    return fs::path("/usr/lib") / std::format("llvm-{}", llvm_version) / "bin";
}

// The path below the folders' root, as far as messages and packages are concerned a path of the host.
fs::path on_host(const ToolFolders& folders, const fs::path& path) {
    return folders.root / path.relative_path();
}

bool is_there(const ToolFolders& folders, const fs::path& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(on_host(folders, path), ignored));
}

// The program of LLVM that a name stands for in a sandbox, whatever the host means by it; empty for other
// names.
std::string_view find_llvm_program(std::string_view tool) {
    for (const auto& [name, program] : plain_names)
        if (name == tool) return program;
    const std::string suffix = std::format("-{}", llvm_version);
    if (tool.ends_with(suffix)) tool.remove_suffix(suffix.size());
    const auto* const found = std::ranges::find(llvm_set, tool);
    return found == llvm_set.end() ? std::string_view() : *found;
}

fs::path find_start(std::string_view tool, const ToolFolders& folders) {
    if (const std::string_view program = find_llvm_program(tool); !program.empty())
        return llvm_folder() / program;
    for (const char* folder : {"/usr/bin", "/usr/sbin"})
        if (is_there(folders, fs::path(folder) / tool)) return fs::path(folder) / tool;
    return {};
}

// Merged /usr: /bin/x and /usr/bin/x are one.
fs::path merge_usr(const fs::path& path) {
    const std::string text = path.lexically_normal().string();
    for (const char* folder : {"/bin/", "/sbin/", "/lib/", "/lib64/"})
        if (text.starts_with(folder)) return "/usr" + text;
    return text;
}

bool is_command_folder(const fs::path& folder) {
    return folder == "/usr/bin" || folder == "/usr/sbin";
}

std::string_view package_hint(std::string_view tool) {
    for (const auto& [command, package] : known_packages)
        if (command == tool) return package;
    if (tool.starts_with("llvm-")) return "llvm-19";
    return tool;
}

class ToolPlanner {
  public:
    explicit ToolPlanner(const ToolFolders& folders) : folders_(folders) {}

    void add(std::string_view tool) {
        if (entries_.contains(std::string(tool))) return;
        const std::vector<fs::path> chain = find_tool_chain(tool, folders_);
        if (chain.empty()) {
            missing_.emplace(tool);
            return;
        }
        for (const fs::path& path : chain)
            if (is_command_folder(path.parent_path())) add_path(path);
    }

    void add_link(std::string_view name, const std::string& content) {
        entries_.insert_or_assign(std::string(name), ToolEntry{std::string(name), content, {}});
    }

    // A program of LLVM; those that no build can do without are errors when missing.
    void add_llvm(std::string_view name) {
        const fs::path program = llvm_folder() / name;
        if (!is_there(folders_, program)) {
            missing_.emplace(name);
            return;
        }
        add_link(name, program.string());
        add_link(std::format("{}-{}", name, llvm_version), program.string());
    }

    const std::set<std::string>& missing() const { return missing_; }

    std::vector<ToolEntry> entries() const {
        std::vector<ToolEntry> result;
        for (const auto& [name, entry] : entries_) result.push_back(entry);
        return result;
    }

  private:
    void add_path(const fs::path& path) {
        const fs::path host = on_host(folders_, path);
        const std::string name = path.filename().string();
        if (entries_.contains(name)) return;
        if (fs::is_symlink(host))
            add_link(name, fs::read_symlink(host).string());
        else
            entries_.emplace(name, ToolEntry{name, {}, path});
    }

    const ToolFolders& folders_;
    std::map<std::string, ToolEntry> entries_;
    std::set<std::string> missing_;
};

ToolPlanner plan(std::span<const std::string> tools, const ToolFolders& folders) {
    ToolPlanner planner(folders);
    for (const auto& [name, content] : fixed_links) planner.add_link(name, std::string(content));
    for (std::string_view name : llvm_set) planner.add_llvm(name);
    for (const auto& [name, program] : plain_names)
        planner.add_link(name, (llvm_folder() / program).string());
    for (std::string_view tool : base_set) planner.add(tool);
    for (const std::string& tool : tools) planner.add(tool);
    return planner;
}

}  // namespace

std::span<const std::string_view> base_tools() {
    return base_set;
}

std::vector<fs::path> find_tool_chain(std::string_view tool, const ToolFolders& folders) {
    if (tool.empty() || tool.find('/') != std::string_view::npos) return {};
    std::vector<fs::path> chain;
    fs::path path = find_start(tool, folders);
    while (!path.empty()) {
        if (chain.size() == longest_chain || !is_there(folders, path)) return {};
        chain.push_back(path);
        const fs::path host = on_host(folders, path);
        if (!fs::is_symlink(host)) return chain;
        path = merge_usr(path.parent_path() / fs::read_symlink(host));
    }
    return {};
}

std::vector<std::string> find_missing_tools(std::span<const std::string> tools, const ToolFolders& folders) {
    const std::set<std::string> missing = plan(tools, folders).missing();
    return {missing.begin(), missing.end()};
}

std::vector<ToolEntry> plan_tools(std::span<const std::string> tools, const ToolFolders& folders) {
    const ToolPlanner planner = plan(tools, folders);
    if (planner.missing().empty()) return planner.entries();

    std::set<std::string> packages;
    for (const std::string& tool : planner.missing()) packages.emplace(package_hint(tool));
    const std::vector<std::string> names(planner.missing().begin(), planner.missing().end());
    const std::vector<std::string> wanted(packages.begin(), packages.end());
    throw UsageError(std::format("cannot offer {} '{}' to a build: not on this machine",
                                 names.size() == 1 ? "tool" : "tools", join(names, "', '")))
        .detail("searched", "/usr/bin, /usr/sbin")
        .hint(std::format("install the Debian package that holds it, probably: apt-get install {}",
                          join(wanted, " ")));
}

}  // namespace cairn::sandbox
