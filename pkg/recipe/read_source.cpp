#include "pkg/recipe/read_source.h"

#include <algorithm>
#include <format>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"

namespace cairn::recipe {
namespace {

void read_debian(TomlTable& table, SourceSpec& source) {
    auto debian = table.find_table("debian");
    if (!debian) return;
    source.kind = SourceSpec::Kind::debian;
    source.debian_source = debian->required_string("source");
    source.debian_file = debian->required_string("file");
    source.debian_component = debian->string_or("component", "main");
    if (!is_safe_relative_path(source.debian_file) || source.debian_file.contains('/'))
        debian->fail("file", "must be a plain file name");
    debian->finish();
}

void read_git(TomlTable& table, SourceSpec& source) {
    auto git = table.find_table("git");
    if (!git) return;
    source.kind = SourceSpec::Kind::git;
    source.git_url = git->required_string("url");
    source.git_commit = git->required_string("commit");
    if (source.git_commit.size() != 40 ||
        source.git_commit.find_first_not_of("0123456789abcdef") != std::string::npos)
        git->fail("commit", "must be a full commit id of 40 hexadecimal digits");
    git->finish();
}

void read_hash(TomlTable& table, SourceSpec& source) {
    const auto text = table.find_string("sha256");
    const bool is_needed = source.kind == SourceSpec::Kind::debian || source.kind == SourceSpec::Kind::url;
    if (!text && is_needed)
        table.fail("sha256", "is missing: the hash of every downloaded source is mandatory");
    if (!text) return;
    try {
        source.sha256 = crypto::parse_hash(*text);
    } catch (const Error&) {
        table.fail("sha256", "must be 64 hexadecimal digits");
    }
}

void check_patches(const TomlTable& table, const SourceSpec& source) {
    for (const std::string& patch : source.patches)
        if (!is_safe_relative_path(patch))
            table.fail("patches", std::format("holds '{}', which is not a file beside the recipe", patch));
}

}  // namespace

SourceSpec read_source(TomlTable& table, const std::vector<SourceSpec>& earlier) {
    SourceSpec source;
    const int kinds = int(table.has("debian")) + int(table.has("git")) + int(table.has("path")) +
                      int(table.has("url") && !table.has("debian"));
    if (kinds != 1)
        table.fail("debian", "or one of 'url', 'git' and 'path' must say where the source comes from");
    read_debian(table, source);
    read_git(table, source);
    if (const auto path = table.find_string("path")) {
        source.kind = SourceSpec::Kind::path;
        source.path = *path;
        source.strip = 0;
    }
    source.urls = table.strings("url");
    read_hash(table, source);
    source.name = table.string_or("name", earlier.empty() ? "main" : "");
    if (!is_package_name(source.name))
        table.fail("name", "is missing: every source after the first needs a name");
    if (std::ranges::any_of(earlier, [&](const SourceSpec& other) { return other.name == source.name; }))
        table.fail("name", std::format("is '{}', which an earlier source has", source.name));
    source.patches = table.strings("patches");
    check_patches(table, source);
    source.only = table.strings("only");
    source.exclude = table.strings("exclude");
    source.inner = table.string_or("inner", "");
    const bool is_deb = source.debian_file.ends_with(".deb") && source.inner.empty();
    source.strip = static_cast<int>(table.integer_or("strip", is_deb ? 0 : source.strip));
    if (source.strip < 0 || source.strip > 16) table.fail("strip", "must be between 0 and 16");
    source.unpack = table.bool_or("unpack", true);
    table.finish();
    return source;
}

}  // namespace cairn::recipe
