#include "pkg/source/debian_archive.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::source {
namespace {

constexpr std::array releases{"bookworm", "trixie", "oldstable", "stable"};

bool is_debian_suite(std::string_view suite) {
    return std::ranges::any_of(releases, [suite](std::string_view release) {
        return suite.starts_with(release) && (suite.size() == release.size() || suite[release.size()] == '-');
    });
}

void add_once(std::vector<std::string>& list, std::string address) {
    while (address.ends_with('/')) address.pop_back();
    if (!std::ranges::contains(list, address)) list.push_back(std::move(address));
}

void add_mirror(DebianMirrors& mirrors, std::string_view suite, const std::string& address) {
    // "mirror+file:/etc/apt/mirrors/x.list" names a file with one address in each line.
    if (const std::string_view scheme = "mirror+file:"; address.starts_with(scheme)) {
        std::string path = address.substr(scheme.size());
        while (path.ends_with('/')) path.pop_back();
        for (const std::string& line :
             split(find_file(path.starts_with("///") ? path.substr(2) : path).value_or(""), '\n'))
            if (const auto words = split_words(line); !words.empty()) add_mirror(mirrors, suite, words[0]);
        return;
    }
    if (!address.starts_with("http://") && !address.starts_with("https://")) return;
    add_once(suite.ends_with("-security") ? mirrors.security : mirrors.main, address);
}

/// `name='value'` lines of `apt-config shell`.
std::optional<std::string> find_apt_setting(const std::string& key) {
    const std::string output = run_command({.arguments = {"apt-config", "shell", "value", key}}).output;
    const std::size_t first = output.find('\'');
    const std::size_t last = output.rfind('\'');
    if (first == std::string::npos || last <= first) return std::nullopt;
    return output.substr(first + 1, last - first - 1);
}

void read_apt_settings(DebianMirrors& mirrors) {
    if (const auto proxy = find_apt_setting("Acquire::http::Proxy"))
        mirrors.proxy = *proxy == "DIRECT" || *proxy == "false" ? "" : *proxy;
    mirrors.checks_valid_until = find_apt_setting("Acquire::Check-Valid-Until").value_or("true") != "false";
}

/// apt writes '+' as %2b, because some servers take it for a space.
std::string escape(std::string_view path) {
    return replace_all(path, "+", "%2b");
}

}  // namespace

std::string pool_path(const PoolFile& file, std::string_view pool) {
    const std::size_t letters = file.source.starts_with("lib") ? 4 : 1;
    return std::format("{}/{}/{}/{}/{}", pool, file.component, file.source.substr(0, letters), file.source,
                       file.file);
}

DebianMirrors parse_mirror_setting(std::string_view setting) {
    DebianMirrors mirrors;
    for (std::string address : split_words(replace_all(setting, ",", " "))) {
        while (address.ends_with('/')) address.pop_back();
        add_mirror(mirrors, address.ends_with("-security") ? "-security" : "", address);
    }
    if (mirrors.main.empty() && mirrors.security.empty())
        throw UsageError(
            std::format("cannot use CAIRN_DEBIAN_MIRROR '{}': it holds no http address", setting));
    if (mirrors.security.empty()) mirrors.security.push_back(mirrors.main.front() + "-security");
    return mirrors;
}

DebianMirrors parse_index_targets(std::string_view output) {
    DebianMirrors mirrors;
    for (const std::string& line : split(output, '\n')) {
        const std::vector<std::string> fields = split(line, '|');
        if (fields.size() == 3 && fields[0] == "Debian") add_mirror(mirrors, fields[1], fields[2]);
    }
    return mirrors;
}

DebianMirrors parse_update_uris(std::string_view output) {
    DebianMirrors mirrors;
    for (const std::string& line : split(output, '\n')) {
        const std::size_t quote = line.find('\'', 1);
        const std::size_t dists = line.find("/dists/");
        if (!line.starts_with('\'') || quote == std::string::npos || dists >= quote) continue;
        const std::string rest = line.substr(dists + 7, quote - dists - 7);
        const std::string suite = rest.substr(0, rest.find('/'));
        if (rest == suite + "/InRelease" && is_debian_suite(suite))
            add_mirror(mirrors, suite, line.substr(1, dists - 1));
    }
    return mirrors;
}

DebianMirrors find_mirrors_of_host() {
    const CommandResult targets = run_command(
        {.arguments = {"apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)"}});
    DebianMirrors mirrors = parse_index_targets(targets.output);
    if (mirrors.main.empty())
        mirrors = parse_update_uris(run_command({.arguments = {"apt-get", "update", "--print-uris"}}).output);
    if (mirrors.main.empty())
        throw Error("cannot find a mirror of Debian: the package manager is set up for none")
            .hint("set CAIRN_DEBIAN_MIRROR to the address of one");
    read_apt_settings(mirrors);
    return mirrors;
}

DebianArchive DebianArchive::of_host() {
    return DebianArchive([] {
        if (const auto setting = find_environment("CAIRN_DEBIAN_MIRROR"))
            return parse_mirror_setting(*setting);
        return find_mirrors_of_host();
    });
}

const DebianMirrors& DebianArchive::mirrors() {
    std::call_once(once_, [this] { mirrors_ = find_(); });
    return mirrors_;
}

std::vector<std::string> DebianArchive::addresses(const PoolFile& file) {
    std::vector<std::string> result;
    for (const std::string& mirror : mirrors().main)
        result.push_back(mirror + "/" + escape(pool_path(file, "pool")));
    for (const std::string& mirror : mirrors().security)
        result.push_back(mirror + "/" + escape(pool_path(file, "pool/updates")));
    return result;
}

net::Request DebianArchive::request(std::string url) {
    return {.url = std::move(url), .proxy = mirrors().proxy};
}

}  // namespace cairn::source
