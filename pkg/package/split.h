#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/recipe/recipe.h"

/// One build, several packages: which of the staged files goes into which.
namespace cairn::package {

/// One package to be made of a staged tree.
struct PackagePlan {
    std::string name;
    archive::FileTree files;
    std::vector<std::string> depends;
};

/// Lists of globs by package name, as a build made them itself.
using ListedSplits = std::map<std::string, std::vector<std::string>>;

/// Divides a staged tree: first the recipe's splits in their order, then those that the build listed, then
/// what only other builds need (headers, static libraries, pkg-config files …) as `<recipe>-dev`; all else is
/// the recipe's own package. Every package has the directories its files are in; a directory that is empty
/// belongs to the recipe's own. A package without content is left out. Throws UsageError for a split that
/// matches nothing (a path has changed), a name given twice, and a hard link whose file is in another
/// package.
std::vector<PackagePlan> plan_packages(const recipe::Recipe& recipe, const ListedSplits& listed,
                                       const archive::FileTree& tree);

/// Ids by user and group name.
struct UserTable {
    std::map<std::string, unsigned> users;
    std::map<std::string, unsigned> groups;
};
/// Reads images/users.toml. Throws UsageError.
UserTable read_users(const std::filesystem::path& path);

/// Gives files the owners, modes and capabilities that the recipe states. Throws UsageError for a pattern
/// that matches nothing, an unknown user, and capabilities that are not `cap_name[,cap_name]=ep`.
void apply_attributes(const recipe::Recipe& recipe, const UserTable& users, archive::FileTree& tree);

}  // namespace cairn::package
