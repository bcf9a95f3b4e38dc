#include "cli/host/packing.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <format>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/elf.h"
#include "pkg/package/split.h"
#include "pkg/package/writer.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

/// Raised when the same output would give other packages.
constexpr std::string_view packing_version = "2";

Json to_json(const recipe::Recipe& recipe) {
    Json json{{"name", recipe.name},
              {"version", recipe.version},
              {"license", recipe.license},
              {"summary", recipe.summary},
              {"depends", recipe.depends}};
    for (const recipe::SplitSpec& split : recipe.splits)
        json["splits"].push_back({split.name, split.files, split.depends});
    for (const recipe::AttributeSpec& attribute : recipe.attributes)
        json["attributes"].push_back({attribute.path, attribute.owner.value_or(""),
                                      attribute.group.value_or(""), attribute.mode.value_or(010000),
                                      attribute.capabilities.value_or("")});
    for (const recipe::SourceSpec& source : recipe.sources)
        json["sources"].push_back({source.name, source.sha256 ? source.sha256->to_hex() : ""});
    return json;
}

std::string source_file_name(const recipe::SourceSpec& source) {
    using Kind = recipe::SourceSpec::Kind;
    switch (source.kind) {
        case Kind::debian:
            return source.debian_file;
        case Kind::url:
            return fs::path(source.urls.front()).filename().string();
        case Kind::git:
            return source.git_url + "#" + source.git_commit;
        case Kind::path:
            return source.path;
    }
    return source.name;
}

package::Identity make_identity(const build::StagedTree& staged, const package::PackagePlan& plan) {
    const recipe::Recipe& recipe = staged.recipe;
    package::Identity identity{.name = plan.name,
                               .version = recipe.version,
                               .architecture = staged.architecture,
                               .license = recipe.license,
                               .summary = recipe.summary,
                               .depends = plan.depends,
                               .provides = {},
                               .conflicts = {},
                               .replaces = {},
                               .recipe = recipe.name,
                               .output = staged.output,
                               .sources = {}};
    std::ranges::sort(identity.depends);
    for (const recipe::SourceSpec& source : recipe.sources)
        identity.sources.push_back(
            {.name = source_file_name(source), .sha256 = source.sha256.value_or(crypto::Hash())});
    std::ranges::sort(identity.sources);
    package::add_library_relations(identity, package::find_library_relations(staged.stage, plan.files));
    return identity;
}

void pack_into(const build::StagedTree& staged, const fs::path& directory, Session& session) {
    if (!build::verify_staged(staged, session.store()))
        throw Error(std::format("the cache's output of recipe '{}' is damaged", staged.recipe.name))
            .hint("it was dropped: run the command again, and it is built anew");
    archive::FileTree tree = archive::scan_tree(staged.stage);
    package::apply_attributes(
        staged.recipe, package::read_users(session.host().repository() / "images" / "users.toml"), tree);
    const auto signer = session.keys().signer(crypto::Role::package);
    const auto module_signer = session.keys().rsa_signer(crypto::Role::module);
    const crypto::Certificate certificate = session.keys().certificate(crypto::Role::module);
    package::PackOptions options;
    options.module_signer.emplace(
        package::ModuleSigner{.signer = *module_signer, .certificate = certificate});
    for (const package::PackagePlan& plan :
         package::plan_packages(staged.recipe, staged.listed_splits, tree)) {
        const package::Identity identity = make_identity(staged, plan);
        with_context(std::format("packing '{}'", plan.name), [&] {
            return package::make_package(staged.stage, plan.files, identity, *signer,
                                         directory / package::file_name(identity), options);
        });
    }
}

}  // namespace

crypto::Hash package_key(const build::StagedTree& staged, Session& session) {
    crypto::Blake2bHasher hasher;
    // Outputs can be the same on both architectures; their packages are not.
    hasher.update(std::format("cairn packages {}\n{}\n{}\n{}\n", packing_version, staged.architecture,
                              staged.output.to_hex(), to_json(staged.recipe).dump()));
    hasher.update(crypto::hash_file_blake2b(session.host().repository() / "images" / "users.toml").bytes());
    const crypto::RoleInfo& package_role = crypto::info_of(crypto::Role::package);
    const crypto::RoleInfo& module_role = crypto::info_of(crypto::Role::module);
    for (const std::string& file :
         {std::format("{}.pub", package_role.name), std::format("{}.pem", module_role.name)})
        hasher.update(crypto::hash_file_blake2b(session.keys().path() / file).bytes());
    return hasher.finish();
}

PackedOutput pack_output(const build::StagedTree& staged, Session& session) {
    const crypto::Hash key = package_key(staged, session);
    const fs::path place = session.store().package_directory(key);
    if (fs::exists(place)) return {key, place};
    const auto start = std::chrono::steady_clock::now();
    store::WorkDirectory work = session.store().make_work_directory("pack");
    const fs::path directory = work.path() / "packages";
    make_directories(directory);
    with_context(std::format("packing the output of recipe '{}'", staged.recipe.name),
                 [&] { pack_into(staged, directory, session); });
    // Another run may have packed the same meanwhile; the bytes are the same.
    if (::rename(directory.c_str(), place.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        throw SystemError(std::format("cannot move into place '{}'", place.string()));
    std::uint64_t size = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(place)) size += entry.file_size();
    session.add_step({.name = "pack " + staged.recipe.name,
                      .duration = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now() - start),
                      .size = size});
    return {key, place};
}

std::vector<package::PackageReader> open_packages(const std::map<std::string, build::StagedTree>& staged,
                                                  Session& session) {
    const package::AllowedKeys keys({session.keys().public_key(crypto::Role::package)});
    std::vector<package::PackageReader> packages;
    for (const auto& [name, tree] : staged) {
        if (tree.architecture == "host") continue;
        const PackedOutput packed = pack_output(tree, session);
        std::vector<fs::path> files;
        for (const fs::directory_entry& entry : fs::directory_iterator(packed.directory))
            files.push_back(entry.path());
        std::ranges::sort(files);
        for (const fs::path& file : files) {
            try {
                packages.push_back(package::open_package(file, keys));
            } catch (Error& error) {
                // The next run packs it again from the staged tree.
                remove_tree(packed.directory);
                error.hint("the damaged package was removed from the cache; run the command again");
                throw;
            }
        }
    }
    return packages;
}

}  // namespace cairn::host
