#include "pkg/repo/page.h"

#include <algorithm>
#include <format>
#include <map>
#include <vector>

#include "pkg/base/text.h"
#include "pkg/base/version_order.h"
#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

struct Listed {
    std::string target;
    std::string version;
    tuf::FileDescription file;
};
/// Versions of one package on one architecture in one channel (none: the one that every repository has), the
/// newest first.
struct PackageKey {
    std::string name;
    std::string architecture;
    std::string channel;
    auto operator<=>(const PackageKey&) const = default;
};
using Packages = std::map<PackageKey, std::vector<Listed>>;

std::string escape(std::string_view text) {
    std::string escaped;
    for (const char character : text) {
        if (character == '&')
            escaped += "&amp;";
        else if (character == '<')
            escaped += "&lt;";
        else if (character == '>')
            escaped += "&gt;";
        else if (character == '"')
            escaped += "&quot;";
        else
            escaped += character;
    }
    return escaped;
}

std::string text_of(const Json& custom, const char* name) {
    const auto member = custom.find(name);
    return custom.is_object() && member != custom.end() && member->is_string() ? member->get<std::string>()
                                                                               : "";
}

std::vector<std::string> depends_of(const Listed& listed) {
    std::vector<std::string> depends;
    if (!listed.file.custom.is_object() || !listed.file.custom.contains("depends")) return depends;
    for (const Json& relation : listed.file.custom.at("depends"))
        if (relation.is_string()) depends.push_back(relation.get<std::string>());
    return depends;
}

/// By the metadata that lists packages, without reading it.
bool is_small_enough(Repository& repository) {
    constexpr std::uintmax_t largest = 8 << 20;
    std::uintmax_t size = 0;
    for (unsigned bin = 0; bin < bin_count; ++bin) {
        const std::uint64_t version = repository.snapshot().files.at(bin_name(bin) + ".json").version;
        size += std::filesystem::file_size(repository.metadata_path() /
                                           tuf::metadata_file_name(bin_name(bin), version));
    }
    return size <= largest;
}

Packages collect(Repository& repository) {
    Packages packages;
    const auto add = [&](const std::string& role, const std::string& channel) {
        for (const auto& [target, file] : repository.targets(role).targets)
            packages[{text_of(file.custom, "name"), text_of(file.custom, "architecture"), channel}].push_back(
                {target, text_of(file.custom, "version"), file});
    };
    for (unsigned bin = 0; bin < bin_count; ++bin) add(bin_name(bin), "");
    for (const std::string& channel : list_channels(repository)) add(channel, channel);
    for (auto& [key, versions] : packages)
        std::ranges::sort(versions, [](const Listed& a, const Listed& b) {
            return compare_versions(a.version, b.version) > 0;
        });
    return packages;
}

std::string join_escaped(const std::vector<std::string>& words, std::string_view mark) {
    std::string text;
    for (const std::string& word : words)
        text += std::format("{}<code>{}{}</code>", text.empty() ? "" : ", ", mark, escape(word));
    return text;
}

/// What the latest version has that the one before had not, and the other way round.
std::string describe_change(const std::vector<Listed>& versions) {
    if (versions.size() < 2) return "new";
    const auto now = depends_of(versions[0]);
    const auto before = depends_of(versions[1]);
    std::vector<std::string> added, removed;
    std::ranges::copy_if(now, std::back_inserter(added),
                         [&](const std::string& it) { return !std::ranges::contains(before, it); });
    std::ranges::copy_if(before, std::back_inserter(removed),
                         [&](const std::string& it) { return !std::ranges::contains(now, it); });
    const auto size = [](const Listed& listed) {
        return static_cast<std::int64_t>(listed.file.length.value_or(0));
    };
    const std::int64_t growth = size(versions[0]) - size(versions[1]);
    std::string text = std::format("since {}: {}{}", escape(versions[1].version), growth < 0 ? "−" : "+",
                                   format_bytes(static_cast<std::uint64_t>(std::abs(growth))));
    if (!added.empty()) text += "; needs now " + join_escaped(added, "");
    if (!removed.empty()) text += "; no longer " + join_escaped(removed, "");
    return text;
}

std::string path_of(const Repository& repository, const Listed& listed) {
    return target_file(repository, listed.target, listed.file).lexically_relative(repository.path()).string();
}

std::string make_package_row(const Repository& repository, const std::string& channel,
                             const std::vector<Listed>& versions) {
    const Listed& newest = versions.front();
    const Json& custom = newest.file.custom;
    return std::format(
        "<tr><td><a href=\"{}\">{}</a>{}<br><small>{}</small></td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape(path_of(repository, newest)), escape(text_of(custom, "name")),
        channel.empty() ? "" : std::format(" ({})", escape(channel)), escape(text_of(custom, "summary")),
        escape(newest.version), escape(text_of(custom, "architecture")),
        format_bytes(newest.file.length.value_or(0)), escape(text_of(custom, "license")),
        join_escaped(depends_of(newest), ""), describe_change(versions));
}

std::string make_image_row(const Repository& repository, const std::string& target,
                           const tuf::FileDescription& file) {
    const Json image = read_json(target_file(repository, target, file));
    const auto text = [&](const char* name) { return escape(image.at(name).get<std::string>()); };
    const bool is_development = image.at("development_keys").get<bool>();
    return std::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code>{}</td></tr>\n",
        text("name"), text("version"), text("architecture"), text("date"),
        format_bytes(image.at("root_size").get<std::uint64_t>()), text("root_hash"),
        is_development ? "<br><strong>made with development keys</strong>" : "");
}

constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Cairn repository</title>
<style>
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem .6rem; text-align: left; vertical-align: top; }
td:nth-child(1) { min-width: 11rem; }
td:nth-child(4) { white-space: nowrap; }
code { font-size: .85em; overflow-wrap: anywhere; }
small { opacity: .75; }
input { box-sizing: border-box; font: inherit; max-width: 30rem; padding: .4rem .6rem; width: 100%; }
</style>
<h1>Cairn repository</h1>
)";

constexpr std::string_view search = R"(<script>
const input = document.createElement('input');
input.type = 'search';
input.placeholder = 'Search packages';
input.setAttribute('aria-label', input.placeholder);
const table = document.getElementById('packages');
table.before(input);
const rows = [...table.tBodies[0].rows].map(row => [row, row.textContent.toLowerCase()]);
input.addEventListener('input', () => {
  const words = input.value.toLowerCase().split(/\s+/);
  for (const [row, text] of rows) row.hidden = !words.every(word => text.includes(word));
});
</script>
)";

}  // namespace

std::string make_page(Repository& repository) {
    std::string page(head);
    page += std::format(
        "<p>Version {}, signed until {}. The metadata is that of "
        "<a href=\"https://theupdateframework.io/\">The Update Framework</a>: this page proves nothing, "
        "the signatures do.</p>\n",
        repository.snapshot().version, tuf::format_time(repository.timestamp().expires));
    std::string images;
    for (const auto& [target, file] : repository.targets(std::string(images_role)).targets)
        if (target.ends_with("/image.json")) images += make_image_row(repository, target, file);
    if (!images.empty())
        page +=
            "<h2>Images</h2>\n<div "
            "class=\"table\"><table>\n<thead><tr><th>image<th>version<th>architecture<th>date"
            "<th>root<th>root hash</tr></thead>\n<tbody>\n" +
            images + "</tbody></table></div>\n";
    if (!is_small_enough(repository)) return page + "<p>There are too many packages to list them here.</p>\n";
    const Packages packages = collect(repository);
    page += std::format(
        "<h2>{} packages</h2>\n<div class=\"table\"><table id=\"packages\">\n<thead><tr><th>package"
        "<th>version<th>architecture<th>size<th>licence<th>needs<th>change</tr></thead>\n<tbody>\n",
        packages.size());
    for (const auto& [key, versions] : packages) page += make_package_row(repository, key.channel, versions);
    page += "</tbody></table></div>\n";
    page += search;
    return page;
}

void write_page(Repository& repository) {
    replace_file(repository.path() / "index.html", make_page(repository));
}

}  // namespace cairn::repo
