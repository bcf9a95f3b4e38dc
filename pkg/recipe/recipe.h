#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/crypto/hash.h"

/// Recipe files (`recipes/<name>/recipe.toml`): what they say, as plain values. See recipes/README.md for the
/// keys.
namespace cairn::recipe {

enum class Architecture { x86_64, aarch64 };

std::string to_string(Architecture architecture);
/// Throws UsageError for anything but "x86_64" and "aarch64".
Architecture parse_architecture(std::string_view text);
/// The machine this program runs on.
Architecture host_architecture();

/// One thing a recipe is built from. Every kind but `path` has a mandatory sha256 (git: a commit id).
struct SourceSpec {
    enum class Kind { debian, url, git, path };

    std::string name;  // directory below /source; "main" for the first
    Kind kind = Kind::url;
    std::string debian_source;              // Debian's source package
    std::string debian_file;                // file name in the pool
    std::string debian_component = "main";  // "non-free-firmware" for firmware
    std::vector<std::string> urls;          // further addresses of the same bytes, tried in order
    std::string git_url;
    std::string git_commit;  // full id
    std::string path;        // relative to the recipe's directory, inside the repository
    std::optional<crypto::Hash> sha256;
    std::vector<std::string> patches;  // files beside the recipe, applied with -p1
    std::vector<std::string> only;     // globs: just these are unpacked or taken
    std::vector<std::string> exclude;  // globs: these are not
    std::string inner;                 // an archive inside the archive, unpacked in its place
    int strip = 1;                     // leading directories dropped from each path of the archive
    bool unpack = true;                // false: the file itself is given

    bool operator==(const SourceSpec&) const = default;
};

enum class Template { autotools, cmake, meson, make, script };

/// What runs inside the sandbox.
struct BuildSpec {
    Template build_template = Template::script;
    std::vector<std::string> needs;  // recipes whose output is in the sysroot (or in /host, for host recipes)
    std::vector<std::string> tools;  // host commands beyond the base set
    std::vector<std::string> debian;  // Debian packages whose headers come back, for host programs
    std::vector<std::string> options;
    std::vector<std::string> options_x86_64;
    std::vector<std::string> options_aarch64;
    std::vector<std::string> parameters;      // values that the image gives, e.g. "driver_groups"
    std::vector<Architecture> architectures;  // empty: all
    std::string script;
    std::string subdir;
    std::int64_t cost = 30;  // about how many CPU seconds; long builds start first. Not part of the build key
    bool host = false;       // a tool for the machine that builds
    bool in_source = false;  // build in a writable copy of the source
    bool runtime = true;     // false: needs of the default target runtime are not added

    bool operator==(const BuildSpec&) const = default;
};

/// A further package made of some of the files.
struct SplitSpec {
    std::string name;
    std::vector<std::string> files;  // globs
    std::vector<std::string> depends;

    bool operator==(const SplitSpec&) const = default;
};

/// Owner, mode or capabilities of what is not 0:0 and 0755/0644.
struct AttributeSpec {
    std::string path;  // glob
    std::optional<std::string> owner;
    std::optional<std::string> group;
    std::optional<unsigned> mode;
    std::optional<std::string> capabilities;

    bool operator==(const AttributeSpec&) const = default;
};

/// One recipe, read and checked.
struct Recipe {
    std::string name;
    std::filesystem::path directory;
    std::string version;
    std::string license;  // SPDX expression
    std::string summary;
    std::vector<std::string> depends;  // packages, at run time
    std::vector<SourceSpec> sources;
    BuildSpec build;
    std::vector<SplitSpec> splits;
    std::vector<AttributeSpec> attributes;
};

/// Reads `<recipes>/<name>/recipe.toml`. Throws UsageError with file, line and column for everything that is
/// not as recipes/README.md says; a recipe that is not there is named with the nearest one that is.
Recipe read_recipe(const std::filesystem::path& recipes, const std::string& name);

/// Names of all recipes below `recipes`, sorted.
std::vector<std::string> list_recipes(const std::filesystem::path& recipes);

/// True for a package or recipe name: `[a-z0-9][a-z0-9+.-]*`.
bool is_package_name(std::string_view name);

/// What the recipe's text means for its build, as one canonical text: two recipes that differ only in
/// comments, spelling or key order give the same. Sources are left out but for their names (their content is
/// hashed apart).
std::string canonical_meaning(const Recipe& recipe, Architecture architecture);

}  // namespace cairn::recipe
