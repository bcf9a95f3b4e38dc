#include "cli/host/image_build.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <map>
#include <set>

#include "cli/host/driver_groups.h"
#include "cli/host/image_settings.h"
#include "cli/host/packing.h"
#include "images/assemble/from_packages.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/build/plan.h"
#include "pkg/package/dependencies.h"
#include "pkg/rootfs/rootfs.h"
#include "pkg/tuf/trusted.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

layout::Architecture to_layout(recipe::Architecture architecture) {
    return architecture == recipe::Architecture::x86_64 ? layout::Architecture::x86_64
                                                        : layout::Architecture::aarch64;
}

/// Which recipe makes a package: of that name, with a split of that name, or whose development part it is.
std::map<std::string, std::string> recipes_by_package(const Host& host) {
    std::map<std::string, std::string> index;
    for (const std::string& name : recipe::list_recipes(host.recipes())) {
        const recipe::Recipe recipe = recipe::read_recipe(host.recipes(), name);
        index[name] = name;
        index.emplace(name + "-dev", name);
        for (const recipe::SplitSpec& split : recipe.splits) index[split.name] = name;
    }
    return index;
}

std::vector<std::string> wanted_recipes(const Host& host, const assemble::ImageDefinition& definition) {
    const auto index = recipes_by_package(host);
    std::set<std::string> wanted{"erofs-utils"};
    std::vector<std::string> packages = assemble::root_packages(definition);
    packages.insert(packages.end(), definition.initfs_packages.begin(), definition.initfs_packages.end());
    for (const std::string& package : packages) {
        const auto it = index.find(package);
        if (it != index.end()) {
            wanted.insert(it->second);
            continue;
        }
        std::vector<std::string> known;
        for (const auto& [name, recipe] : index) known.push_back(name);
        UsageError error(
            std::format("image '{}' lists package '{}', which no recipe makes", definition.name, package));
        if (const auto nearest = find_nearest(package, known))
            error.hint(std::format("did you mean '{}'?", *nearest));
        throw error;
    }
    return {wanted.begin(), wanted.end()};
}

/// Run-time dependencies that recipes state may bring recipes that nothing needs for building.
std::vector<std::string> with_runtime_depends(const Host& host, std::vector<std::string> wanted) {
    const auto index = recipes_by_package(host);
    std::set<std::string> all(wanted.begin(), wanted.end());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const recipe::Recipe recipe = recipe::read_recipe(host.recipes(), wanted[i]);
        std::vector<std::string> depends = recipe.depends;
        for (const recipe::SplitSpec& split : recipe.splits)
            depends.insert(depends.end(), split.depends.begin(), split.depends.end());
        for (const std::string& depend : depends) {
            const auto it = index.find(depend.substr(0, depend.find(' ')));
            if (it != index.end() && all.insert(it->second).second) wanted.push_back(it->second);
        }
    }
    return wanted;
}

/// The root's packages, with those of the driver groups. A group whose drivers are all in the kernel, or
/// shared with other groups, has no package.
std::vector<std::string> installed_packages(const assemble::ImageDefinition& definition,
                                            const std::vector<package::PackageReader>& available) {
    std::vector<std::string> names = assemble::root_packages(definition);
    for (const std::string& driver : assemble::driver_packages(definition))
        if (std::ranges::any_of(available, [&](const auto& it) { return it.identity().name == driver; }))
            names.push_back(driver);
    return names;
}

/// The closure of `wanted` among the packages that were made, laid out as one tree.
rootfs::RootTree lay_out(const std::vector<package::PackageReader>& available,
                         const std::vector<std::string>& wanted, std::vector<fs::path>& used) {
    std::vector<const package::Identity*> identities;
    for (const package::PackageReader& reader : available) identities.push_back(&reader.identity());
    std::vector<package::PackageReader> chosen;
    for (const std::size_t i : package::close_over_dependencies(identities, wanted)) {
        const package::PackageReader& reader = available[i];
        used.push_back(reader.path());
        chosen.push_back(package::open_package(reader.path(), package::AllowedKeys({reader.signer()})));
    }
    return rootfs::lay_out_root(std::move(chosen), {});
}

/// What the image believes updates by: the definition's root, else the one beside the maker's keys, with
/// which their repositories begin ('cairn repo init' makes it). Without either it takes no updates.
fs::path find_trusted_root(const assemble::ImageDefinition& definition, Session& session) {
    fs::path file = definition.trusted_root;
    if (file.empty()) {
        file = session.keys().path() / "root.json";
        if (!fs::exists(file)) return {};
    }
    with_context(std::format("reading the trusted root of image '{}'", definition.name), [&] {
        constexpr tuf::Time any_time = 0;
        tuf::TrustedMetadata(read_file(file), any_time);
    });
    return file;
}

/// What an image is made from. Same key: same bytes, so nothing is to be done.
crypto::Hash image_key(const assemble::ImageDefinition& definition,
                       const std::map<std::string, build::StagedTree>& staged, Session& session) {
    crypto::Blake2bHasher hasher;
    hasher.update("cairn image\n");
    hasher.update(crypto::hash_file_blake2b("/proc/self/exe").bytes());
    for (const fs::path& file : definition.files) hasher.update(crypto::hash_file_blake2b(file).bytes());
    if (!definition.trusted_root.empty())
        hasher.update(crypto::hash_file_blake2b(definition.trusted_root).bytes());
    hasher.update(session.keys().is_development() ? "development" : "production");
    for (const auto& [name, tree] : staged)
        hasher.update((tree.architecture == "host" ? tree.output : package_key(tree, session)).bytes());
    return hasher.finish();
}

fs::path key_file(const fs::path& output, const std::string& name, recipe::Architecture architecture) {
    return output / ".keys" / std::format("{}-{}", name, recipe::to_string(architecture));
}

assemble::Image assemble_from(const assemble::ImageDefinition& definition,
                              const std::map<std::string, build::StagedTree>& staged, Session& session,
                              const fs::path& output, std::vector<fs::path>& used) {
    const std::vector<package::PackageReader> available = open_packages(staged, session);
    const auto start = std::chrono::steady_clock::now();
    const rootfs::RootTree root = lay_out(available, installed_packages(definition, available), used);
    const rootfs::RootTree initfs = lay_out(available, definition.initfs_packages, used);
    check_image_settings(definition, assemble::from_packages(root));
    assemble::AssembleInput input{.definition = definition,
                                  .root = assemble::from_packages(root),
                                  .initfs_packages = assemble::from_packages(initfs),
                                  .keys = session.keys().is_development() ? assemble::KeyKind::development
                                                                          : assemble::KeyKind::production,
                                  .mkfs_erofs = staged.at("erofs-utils").stage / "usr" / "bin" / "mkfs.erofs",
                                  .output = output};
    const std::string task = std::format("image {}", definition.name);
    session.progress().start(task, std::nullopt);
    input.on_step = [&](std::string_view step) { session.progress().update(task, std::string(step)); };
    const assemble::Image image = assemble::assemble_image(input);
    const auto duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    session.progress().finish(task, std::format("made in {}", format_duration(duration)));
    session.add_step({.name = task, .duration = duration, .size = image.root_size + image.boot_file_size});
    return image;
}

}  // namespace

ImageResult build_image(Session& session, const std::string& name, const std::vector<std::string>& images,
                        recipe::Architecture architecture, const fs::path& output) {
    Host& host = session.host();
    assemble::ImageDefinition definition =
        assemble::read_definition(host.definitions(), name, to_layout(architecture));
    definition.trusted_root = find_trusted_root(definition, session);
    const build::BuildPlan plan = build::plan_builds(
        host.recipes(), with_runtime_depends(host, wanted_recipes(host, definition)), architecture);
    build::BuildContext context =
        session.make_context(architecture, driver_groups_of(host, images, architecture));
    const auto staged = session.build(plan, context);

    ImageResult result{.name = name,
                       .architecture = architecture,
                       .directory = assemble::image_directory(output, name, to_layout(architecture)),
                       .was_made = false,
                       .packages = {}};
    const std::string key = image_key(definition, staged, session).to_hex();
    const fs::path remembered = key_file(output, name, architecture);
    if (find_file(remembered) == key && fs::exists(result.directory / "disk.img")) return result;
    make_directories(remembered.parent_path());
    assemble_from(definition, staged, session, output, result.packages);
    write_file(remembered, key);
    result.was_made = true;
    std::ranges::sort(result.packages);
    const auto repeated = std::ranges::unique(result.packages);
    result.packages.erase(repeated.begin(), repeated.end());
    return result;
}

}  // namespace cairn::host
