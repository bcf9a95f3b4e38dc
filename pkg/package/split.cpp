#include "pkg/package/split.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::package {
namespace {

using archive::FileEntry;
using archive::FileTree;
using archive::Kind;

/// What a running system does not need.
const std::vector<std::string>& development_globs() {
    static const std::vector<std::string> globs{
        "usr/include/**",         "usr/lib/*.a",          "usr/lib/*.o",
        "usr/lib/pkgconfig/**",   "usr/lib/cmake/**",     "usr/lib/clang/**",
        "usr/share/pkgconfig/**", "usr/share/aclocal/**", "usr/share/cmake/**",
        "usr/bin/*-config"};
    return globs;
}

bool matches_any(const std::vector<std::string>& globs, const std::string& path) {
    return std::ranges::any_of(globs, [&](const std::string& glob) { return is_glob_match(glob, path); });
}

/// A linker's name for a library (libz.so -> libz.so.1) is for development too, unless it is the library
/// itself.
bool is_linker_name(const FileEntry& entry) {
    return entry.kind == Kind::symlink && is_glob_match("usr/lib/*.so", entry.path) &&
           entry.target.contains(".so.");
}

class Divider {
  public:
    explicit Divider(const FileTree& tree) : tree_(tree), owner_(tree.entries.size()) {}

    /// Gives every entry that matches and has no package yet to `name`. How many there were.
    std::size_t take(const std::string& name, const std::vector<std::string>& globs,
                     bool with_linker_names = false) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < owner_.size(); ++i) {
            const FileEntry& entry = tree_.entries[i];
            if (!owner_[i].empty() || entry.kind == Kind::directory) continue;
            if (!matches_any(globs, entry.path) && !(with_linker_names && is_linker_name(entry))) continue;
            owner_[i] = name;
            ++count;
        }
        return count;
    }

    FileTree files_of(const std::string& name) const {
        std::set<std::string> directories;
        for (std::size_t i = 0; i < owner_.size(); ++i)
            if (owner_[i] == name && tree_.entries[i].kind != Kind::directory)
                add_parents(tree_.entries[i].path, directories);
        FileTree files;
        for (std::size_t i = 0; i < owner_.size(); ++i) {
            const FileEntry& entry = tree_.entries[i];
            const bool is_mine = entry.kind == Kind::directory
                                     ? directories.contains(entry.path) || owner_[i] == name
                                     : owner_[i] == name;
            if (is_mine) files.entries.push_back(entry);
        }
        check_links(name, files);
        return files;
    }

    /// The rest, and directories with nothing in them.
    void take_rest(const std::string& name) {
        for (std::size_t i = 0; i < owner_.size(); ++i) {
            const FileEntry& entry = tree_.entries[i];
            if (entry.kind != Kind::directory && owner_[i].empty()) owner_[i] = name;
            const bool is_empty =
                i + 1 == owner_.size() || !tree_.entries[i + 1].path.starts_with(entry.path + "/");
            if (entry.kind == Kind::directory && is_empty) {
                owner_[i] = name;
                claim_parents(entry.path, name);
            }
        }
    }

  private:
    static void add_parents(const std::string& path, std::set<std::string>& directories) {
        for (std::size_t slash = path.rfind('/'); slash != std::string::npos;
             slash = path.rfind('/', slash - 1)) {
            directories.insert(path.substr(0, slash));
            if (slash == 0) break;
        }
    }

    void claim_parents(const std::string& path, const std::string& name) {
        std::set<std::string> directories;
        add_parents(path, directories);
        for (std::size_t i = 0; i < owner_.size(); ++i)
            if (directories.contains(tree_.entries[i].path)) owner_[i] = name;
    }

    static void check_links(const std::string& name, const FileTree& files) {
        for (const FileEntry& entry : files.entries)
            if (entry.kind == Kind::hard_link && files.find(entry.target) == nullptr)
                throw UsageError(
                    std::format("package '{}' would hold '{}', a hard link to '{}' in another package", name,
                                entry.path, entry.target))
                    .hint("name both in the same [[split]]");
    }

    const FileTree& tree_;
    std::vector<std::string> owner_;  // package name by entry; empty: none yet
};

}  // namespace

std::vector<PackagePlan> plan_packages(const recipe::Recipe& recipe, const ListedSplits& listed,
                                       const FileTree& tree) {
    Divider divider(tree);
    std::vector<PackagePlan> plans;
    std::set<std::string> names{recipe.name};
    const auto add = [&](const std::string& name, const std::vector<std::string>& depends) {
        if (!names.insert(name).second)
            throw UsageError(std::format("recipe '{}' makes two packages called '{}'", recipe.name, name));
        plans.push_back({.name = name, .files = {}, .depends = depends});
    };
    for (const recipe::SplitSpec& split : recipe.splits) {
        if (divider.take(split.name, split.files) == 0)
            throw UsageError(
                std::format("split '{}' of recipe '{}' matches no staged file", split.name, recipe.name))
                .detail("files", join(split.files, ", "));
        add(split.name, split.depends);
    }
    for (const auto& [name, globs] : listed) {
        divider.take(name, globs);
        add(name, {recipe.name});
    }
    if (divider.take(recipe.name + "-dev", development_globs(), true) > 0) add(recipe.name + "-dev", {});
    divider.take_rest(recipe.name);
    for (PackagePlan& plan : plans) plan.files = divider.files_of(plan.name);
    PackagePlan own{.name = recipe.name, .files = divider.files_of(recipe.name), .depends = recipe.depends};
    if (!own.files.entries.empty() || !own.depends.empty()) plans.insert(plans.begin(), std::move(own));
    std::erase_if(plans, [&](const PackagePlan& plan) {
        return plan.files.entries.empty() && plan.name != recipe.name;
    });
    return plans;
}

}  // namespace cairn::package
