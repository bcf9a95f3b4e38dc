#include "pkg/sandbox/host_packages.h"

#include <sys/stat.h>

#include <format>
#include <set>
#include <unordered_map>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/sandbox/tools.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr int cache_format = 1;

#if defined(__x86_64__)
constexpr std::string_view debian_architecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view debian_architecture = "arm64";
#else
#error "Cairn builds on x86_64 and aarch64 hosts"
#endif

// What compiles and links every recipe, whether it names it or not.
std::vector<std::string> compiler_packages() {
    std::vector<std::string> packages;
    for (const char* pattern :
         {"clang-{}", "lld-{}", "llvm-{}", "libclang-common-{}-dev", "libclang-cpp{}", "libllvm{}"})
        packages.push_back(std::vformat(pattern, std::make_format_args(llvm_version)));
    return packages;
}

std::string describe_state(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return "-";
    return std::format("{}:{}:{}.{:09}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec);
}

// The first line, without its end, taken off the front of `rest`.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

// Installed packages and their versions; of a package installed for several architectures, this machine's.
std::unordered_map<std::string, std::string> read_installed(const fs::path& admin) {
    std::unordered_map<std::string, std::string> versions;
    std::string name, version, architecture;
    bool is_installed = false;
    const auto finish = [&] {
        const bool is_ours = architecture == debian_architecture || architecture == "all";
        if (is_installed && !name.empty() && (is_ours || !versions.contains(name))) versions[name] = version;
        name.clear();
        version.clear();
        architecture.clear();
        is_installed = false;
    };
    const std::string text = read_file(admin / "status");
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = take_line(rest);
        if (line.empty()) finish();
        if (line.starts_with("Package: ")) name = line.substr(9);
        if (line.starts_with("Version: ")) version = line.substr(9);
        if (line.starts_with("Architecture: ")) architecture = line.substr(14);
        if (line.starts_with("Status: ")) is_installed = line.ends_with(" installed");
    }
    finish();
    return versions;
}

// dpkg's lists have the paths as they were before /bin became a link to /usr/bin.
std::string merge_usr(std::string_view path) {
    for (std::string_view folder : {"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/"})
        if (path.starts_with(folder)) return "/usr" + std::string(path);
    return std::string(path);
}

// Which package put each of the wanted paths here. Paths that none owns are left out.
std::unordered_map<std::string, std::string> find_owners(const std::set<std::string>& wanted,
                                                         const fs::path& admin) {
    std::unordered_map<std::string, std::string> owners;
    for (const auto& file : fs::directory_iterator(admin / "info")) {
        if (file.path().extension() != ".list") continue;
        const std::string text = read_file(file.path());
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view line = take_line(rest);
            // Only commands and LLVM's own folder are ever asked for; the test saves looking up everything
            // else.
            if (line.find("bin/") != std::string_view::npos)
                if (const std::string path = merge_usr(line); wanted.contains(path))
                    owners[path] = split(file.path().stem().string(), ':').front();
        }
    }
    return owners;
}

UsageError not_installed(const std::string& package) {
    return UsageError(
               std::format("cannot offer Debian package '{}' to a build: it is not installed", package))
        .hint(std::format("install it: apt-get install {}", package));
}

std::string version_of(const std::string& package,
                       const std::unordered_map<std::string, std::string>& installed) {
    const auto found = installed.find(package);
    if (found == installed.end()) throw not_installed(package);
    return found->second;
}

}  // namespace

HostPackages::HostPackages(fs::path cache_file, fs::path admin, fs::path root)
    : cache_file_(std::move(cache_file)), admin_(std::move(admin)), root_(std::move(root)) {
    // Alternatives say what a tool's name leads to, and change without dpkg's database changing.
    state_ = std::format("{} {} {}", llvm_version, describe_state(admin_ / "status"),
                         describe_state(root_ / "etc/alternatives"));
    load();
}

std::vector<std::string> HostPackages::tool_packages(std::span<const std::string> tools,
                                                     std::span<const std::string> debian) {
    const std::lock_guard lock(mutex_);
    std::set<std::string> result;
    const auto add = [&](const Packages& packages) {
        for (const auto& [name, version] : packages) result.insert(name + "=" + version);
    };
    add(find_versions(compiler_packages()));
    add(find_versions(debian));
    for (const auto& [tool, packages] : find_tools(tools)) add(packages);
    return {result.begin(), result.end()};
}

std::vector<std::string> HostPackages::tool_owners(std::span<const std::string> tools) {
    const std::lock_guard lock(mutex_);
    std::set<std::string> result;
    for (const auto& [tool, packages] : find_tools(tools))
        for (const auto& [name, version] : packages) result.insert(name);
    return {result.begin(), result.end()};
}

std::vector<std::string> HostPackages::package_files(const std::string& package) const {
    for (const std::string& name : {package, std::format("{}:{}", package, debian_architecture)})
        if (const auto text = find_file(admin_ / "info" / (name + ".list"))) return split(trim(*text), '\n');
    throw not_installed(package);
}

std::map<std::string, HostPackages::Packages> HostPackages::find_tools(std::span<const std::string> tools) {
    std::map<std::string, std::vector<std::string>> unknown;
    std::set<std::string> paths;
    for (const std::string& tool : tools) {
        if (tools_.contains(tool)) continue;
        for (const fs::path& path : find_tool_chain(tool, {root_})) {
            unknown[tool].push_back(path.string());
            paths.insert(path.string());
        }
        if (unknown[tool].empty()) plan_tools(std::span(&tool, 1), {root_});  // throws and names it
    }
    if (!unknown.empty()) {
        const auto owners = find_owners(paths, admin_);
        const auto installed = read_installed(admin_);
        for (const auto& [tool, chain] : unknown) {
            Packages packages;
            for (const std::string& path : chain)
                if (const auto owner = owners.find(path); owner != owners.end())
                    packages[owner->second] = version_of(owner->second, installed);
            if (packages.empty())
                throw UsageError(
                    std::format("cannot offer tool '{}' to a build: no Debian package owns it", tool))
                    .detail("file", chain.back())
                    .hint(
                        "what a build uses is named by its package's version; install the tool from a "
                        "package");
            tools_[tool] = std::move(packages);
        }
        save();
    }
    std::map<std::string, Packages> result;
    for (const std::string& tool : tools) result[tool] = tools_.at(tool);
    return result;
}

HostPackages::Packages HostPackages::find_versions(std::span<const std::string> packages) {
    bool is_changed = false;
    std::unordered_map<std::string, std::string> installed;
    Packages result;
    for (const std::string& package : packages) {
        if (!versions_.contains(package)) {
            if (installed.empty()) installed = read_installed(admin_);
            versions_[package] = version_of(package, installed);
            is_changed = true;
        }
        result[package] = versions_[package];
    }
    if (is_changed) save();
    return result;
}

void HostPackages::load() {
    const auto text = find_file(cache_file_);
    if (!text) return;
    try {
        const Json json = parse_json(*text, cache_file_.string());
        if (json.at("format") != cache_format || json.at("state") != state_) return;
        tools_ = json.at("tools").get<std::map<std::string, Packages>>();
        versions_ = json.at("packages").get<Packages>();
    } catch (const std::exception&) {
        // A damaged cache is no cache: everything in it can be asked for again.
        tools_.clear();
        versions_.clear();
    }
}

void HostPackages::save() const {
    make_directories(cache_file_.parent_path());
    AtomicFile file(cache_file_);
    file.write(format_json(
        Json{{"format", cache_format}, {"state", state_}, {"tools", tools_}, {"packages", versions_}}));
    file.commit(AtomicFile::Durability::unsynced);
}

}  // namespace cairn::sandbox
