#include "cli/host/package_choice.h"

#include <algorithm>
#include <filesystem>
#include <format>
#include <variant>

#include "cli/host/package_keys.h"
#include "pkg/base/error.h"
#include "pkg/recipe/recipe.h"
#include "pkg/solve/choose.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using solve::Step;

/// In order, so that the same folder always gives the same choice.
std::vector<fs::path> find_package_files(const fs::path& folder) {
    if (!fs::is_directory(folder))
        throw UsageError(std::format("'{}' is not a directory with packages", folder.string()));
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".cpkg" && entry.is_regular_file()) files.push_back(entry.path());
    if (files.empty())
        throw UsageError(std::format("there are no .cpkg files in '{}'", folder.string()))
            .hint("the targets of a repository are below its folder 'targets'");
    std::ranges::sort(files);
    return files;
}

std::string find_architecture(const rootfs::ManagedRoot& root, const std::string& given) {
    if (!given.empty()) return given;
    for (const rootfs::PackageRecord& record : root.database().packages)
        if (record.architecture != "any") return record.architecture;
    return std::string(recipe::to_string(recipe::host_architecture()));
}

/// What is available comes after what is installed, each under the path of its file.
solve::Universe gather(const rootfs::ManagedRoot& root, const ChoiceOptions& options,
                       const package::AllowedKeys& keys) {
    solve::Universe universe{.architecture = find_architecture(root, options.architecture)};
    for (const package::VerifiedHead& head : root.installed())
        universe.candidates.push_back({.identity = head.head().identity, .is_installed = true});
    if (options.folder.empty()) return universe;
    for (const fs::path& file : find_package_files(options.folder))
        universe.candidates.push_back(
            {.identity = package::open_package(file, keys).identity(), .origin = file.string()});
    return universe;
}

void refuse_downgrade(const solve::Universe& universe, const Step& step) {
    throw UsageError(std::format("{} is older than {}, which is installed",
                                 solve::label(universe.candidates[*step.after].identity),
                                 universe.candidates[*step.before].identity.version))
        .hint("--allow-downgrade installs it all the same");
}

}  // namespace

Change choose_change(const rootfs::ManagedRoot& root, const solve::Job& job, const ChoiceOptions& options) {
    // Removing needs no key: nothing comes.
    const package::AllowedKeys keys = options.folder.empty()
                                          ? package::AllowedKeys(std::vector<crypto::PublicKey>())
                                          : allowed_package_keys(options.key_file);
    const solve::Universe universe = gather(root, options, keys);
    const solve::Choice choice = solve::choose_packages(universe, job);
    if (const auto* explanation = std::get_if<solve::Explanation>(&choice)) {
        Error error = solve::to_error(*explanation);
        if (explanation->has_dependents) error.hint(error.hint() + ": --with-dependants does so");
        throw error;
    }
    Change change;
    const auto& solution = std::get<solve::Solution>(choice);
    for (const solve::Kept& kept : solution.kept) change.kept.push_back(solve::describe(universe, kept));
    for (const Step& step : solution.steps) {
        if (step.kind == Step::Kind::downgrade && !options.allows_downgrade) refuse_downgrade(universe, step);
        // What is replaced goes because of what replaces it.
        if (step.kind == Step::Kind::remove)
            change.remove.push_back(universe.candidates[*step.before].identity.name);
        else if (step.kind != Step::Kind::replace)
            change.add.push_back(package::open_package(universe.candidates[*step.after].origin, keys));
    }
    return change;
}

}  // namespace cairn::host
