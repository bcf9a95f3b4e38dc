#include "pkg/source/debian_index.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <format>
#include <mutex>

#include "pkg/archive/parallel.h"
#include "pkg/archive/unpack.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/source/debian_version.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

struct Suite {
    std::string_view name;
    bool is_security;
};

/// The releases that recipes take their sources from.
constexpr std::array suites{Suite{"bookworm", false},         Suite{"bookworm-updates", false},
                            Suite{"bookworm-security", true}, Suite{"trixie", false},
                            Suite{"trixie-updates", false},   Suite{"trixie-security", true}};

constexpr std::uint64_t release_limit = 4 << 20;
constexpr std::uint64_t compressed_limit = 128 << 20;
constexpr std::uint64_t index_limit = 512 << 20;

/// "Name: value" of a stanza; with `text` starting at a line's start.
std::string_view field(std::string_view stanza, std::string_view name) {
    for (std::size_t at = 0; at < stanza.size();) {
        const std::size_t end = std::min(stanza.find('\n', at), stanza.size());
        const std::string_view line = stanza.substr(at, end - at);
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
            return trim(line.substr(name.size() + 1));
        at = end + 1;
    }
    return "";
}

/// The lines that belong to a field of many lines: each " <hash> <size> <name>".
std::vector<std::vector<std::string>> hash_lines(std::string_view stanza, std::string_view name) {
    std::vector<std::vector<std::string>> result;
    bool is_inside = false;
    for (const std::string& line : split(stanza, '\n')) {
        if (line.starts_with(' ') && is_inside) {
            if (auto words = split_words(line); words.size() == 3) result.push_back(std::move(words));
        } else {
            is_inside = line.starts_with(std::format("{}:", name));
        }
    }
    return result;
}

/// The stanzas that begin with "Package: <name>".
std::vector<std::string_view> find_stanzas(std::string_view text, std::string_view package) {
    const std::string start = std::format("Package: {}\n", package);
    std::vector<std::string_view> stanzas;
    for (std::size_t at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
        if (at != 0 && text[at - 1] != '\n') continue;
        stanzas.push_back(text.substr(at, text.find("\n\n", at) - at));
    }
    return stanzas;
}

std::optional<std::chrono::sys_seconds> parse_date(
    std::string_view text) {  // "Wed, 25 Nov 2026 22:17:41 UTC"
    struct tm time{};
    if (text.empty() || ::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S", &time) == nullptr)
        return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&time)));
}

/// What gpgv gives back as signed; the words around it in the file are worth nothing.
std::string check_signature(std::string_view text, const std::string& suite, const fs::path& keyring) {
    const TemporaryDirectory work;
    write_file(work.path() / "InRelease", text);
    const CommandResult result =
        run_command({.arguments = {"gpgv", "--homedir", work.path().string(), "--status-fd", "1", "--keyring",
                                   keyring.string(), "--output", (work.path() / "signed").string(),
                                   (work.path() / "InRelease").string()},
                     .environment = {"LC_ALL=C"}});
    // Debian signs with several keys; an older machine may lack one of them. Bad is bad.
    const bool is_good =
        result.output.contains("[GNUPG:] GOODSIG ") && !result.output.contains("[GNUPG:] BADSIG ");
    auto content = find_file(work.path() / "signed", release_limit);
    if (!is_good || !content)
        throw VerifyError(std::format("cannot use Debian's index of '{}': it has no good signature", suite))
            .detail("keys", keyring.string())
            .detail("gpgv said", std::string(trim(result.error)));
    return std::move(*content);
}

/// One index of one suite, from the cache or fetched; empty when the suite does not list it.
std::optional<std::string> find_index(const VerifiedRelease& release, const std::string& mirror,
                                      const std::string& path, Environment& environment) {
    const auto entry = release.indexes.find(path);
    if (entry == release.indexes.end()) return std::nullopt;
    const fs::path file = environment.cache / "indexes" / entry->second.sha256.to_hex();
    if (!fs::exists(file) || crypto::hash_file_sha256(file) != entry->second.sha256) {
        const std::string url = std::format("{}/dists/{}/{}", mirror, release.suite, path);
        const auto content =
            net::find_text(environment.transport, environment.archive.request(url), compressed_limit);
        if (!content) throw NetworkError(std::format("cannot fetch '{}': it is not there", url));
        if (crypto::hash_sha256(*content) != entry->second.sha256)
            throw VerifyError(std::format("cannot use '{}': its hash is not the signed one", url));
        make_directories(file.parent_path());
        replace_file(file, *content);
    }
    return archive::read_compressed_file(file, index_limit);
}

std::vector<IndexedFile> list_suite_files(const Suite& suite, const std::string& mirror, const PoolFile& file,
                                          Environment& environment) {
    const std::string name(suite.name);
    const std::string url = std::format("{}/dists/{}/InRelease", mirror, name);
    const auto text = net::find_text(environment.transport, environment.archive.request(url), release_limit);
    if (!text) return {};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const VerifiedRelease release =
        verify_release(*text, name, environment.debian_keyring,
                       environment.archive.mirrors().checks_valid_until ? std::optional(now) : std::nullopt);
    const auto pool_name = find_pool_name(file.file);
    if (!pool_name || !pool_name->kind.ends_with(".deb")) {
        const auto index = find_index(release, mirror, file.component + "/source/Sources.xz", environment);
        return parse_sources_index(index.value_or(""), file.source, name);
    }
    // Packages for all architectures are listed with those of each.
    const std::string_view architecture = pool_name->kind == "_arm64.deb" ? "arm64" : "amd64";
    const auto index = find_index(
        release, mirror, std::format("{}/binary-{}/Packages.xz", file.component, architecture), environment);
    return parse_packages_index(index.value_or(""), pool_name->package, file.source, name);
}

}  // namespace

VerifiedRelease verify_release(std::string_view text, const std::string& suite, const fs::path& keyring,
                               std::optional<std::chrono::sys_seconds> now) {
    const std::string content = check_signature(text, suite, keyring);
    VerifiedRelease release{.suite = suite};
    // A signed index of another suite must not pass for this one.
    if (field(content, "Codename") != suite)
        throw VerifyError(std::format("cannot use Debian's index of '{}': it is that of '{}'", suite,
                                      field(content, "Codename")));
    release.valid_until = parse_date(field(content, "Valid-Until"));
    if (now && release.valid_until && *release.valid_until < *now)
        throw VerifyError(std::format("cannot use Debian's index of '{}': it was valid until {:%F}", suite,
                                      *release.valid_until))
            .hint("is this machine's clock right?");
    for (const auto& words : hash_lines(content, "SHA256")) {
        VerifiedRelease::Index index{.sha256 = crypto::parse_hash(words[0])};
        std::from_chars(words[1].data(), words[1].data() + words[1].size(), index.size);
        release.indexes.emplace(words[2], index);
    }
    return release;
}

std::vector<IndexedFile> parse_sources_index(std::string_view text, std::string_view source,
                                             const std::string& suite) {
    std::vector<IndexedFile> files;
    for (const std::string_view stanza : find_stanzas(text, source))
        for (const auto& words : hash_lines(stanza, "Checksums-Sha256"))
            files.push_back(
                {words[2], std::string(field(stanza, "Version")), crypto::parse_hash(words[0]), suite});
    return files;
}

std::vector<IndexedFile> parse_packages_index(std::string_view text, std::string_view package,
                                              std::string_view source, const std::string& suite) {
    std::vector<IndexedFile> files;
    for (const std::string_view stanza : find_stanzas(text, package)) {
        const auto made_of = split_words(field(stanza, "Source"));  // "linux (6.12.1-1)", or left out
        if (source != (made_of.empty() ? package : made_of.front())) continue;
        const std::string_view path = field(stanza, "Filename");
        files.push_back({std::string(path.substr(path.rfind('/') + 1)), std::string(field(stanza, "Version")),
                         crypto::parse_hash(field(stanza, "SHA256")), suite});
    }
    return files;
}

std::vector<IndexedFile> list_archive_files(const PoolFile& file, Environment& environment) {
    const DebianMirrors& mirrors = environment.archive.mirrors();
    std::vector<IndexedFile> result;
    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(3, [&] {
        for (std::size_t i = next++; i < suites.size(); i = next++) {
            const std::vector<std::string>& bases = suites[i].is_security ? mirrors.security : mirrors.main;
            if (bases.empty()) continue;
            std::vector<IndexedFile> files = list_suite_files(suites[i], bases.front(), file, environment);
            const std::lock_guard lock(mutex);
            std::ranges::move(files, std::back_inserter(result));
        }
    });
    return result;
}

}  // namespace cairn::source
