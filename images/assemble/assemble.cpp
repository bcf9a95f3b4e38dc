#include "images/assemble/assemble.h"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <atomic>
#include <format>
#include <map>

#include "images/assemble/boot_drivers.h"
#include "images/assemble/command_line.h"
#include "images/assemble/disk_image.h"
#include "images/assemble/initfs.h"
#include "images/assemble/root_image.h"
#include "images/assemble/uki.h"
#include "images/assemble/verity.h"
#include "images/layout/boot_file_name.h"
#include "images/layout/paths.h"
#include "images/layout/seed.h"
#include "images/payload/boot_splice.h"
#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::assemble {
namespace {

namespace paths = layout::paths;

/// One run: what the steps before have made.
class Assembly {
  public:
    Assembly(const AssembleInput& input, std::filesystem::path directory)
        : input_(input), definition_(input.definition), directory_(std::move(directory)) {}

    void make_initfs_file();
    void make_root();
    void make_tree();
    void make_boot_file();
    void make_disk();
    void make_lists();
    Image image(const std::filesystem::path& final_directory) const;

  private:
    void begin(std::string_view step) const {
        if (input_.on_step) input_.on_step(step);
    }
    std::string read_packaged(std::string_view path) const;
    std::filesystem::path scratch(std::string_view name) const { return directory_ / ".scratch" / name; }

    const AssembleInput& input_;
    const ImageDefinition& definition_;
    std::filesystem::path directory_;

    BootDrivers drivers_;
    std::string initfs_;
    std::string os_release_ = make_os_release(definition_, input_.keys);
    std::string sbom_ = make_sbom(definition_, input_.root.packages);
    VerityTree tree_;
    std::uint64_t root_size_ = 0;
    std::uint64_t boot_file_size_ = 0;
    std::string boot_file_name_ =
        layout::to_text(layout::BootFileName{.name = definition_.name, .version = definition_.version});
    std::string command_line_;
};

/// The content of a file that some package must have, such as the kernel.
std::string Assembly::read_packaged(std::string_view path) const {
    const archive::FileEntry* const entry = input_.root.files.find(path);
    if (entry == nullptr || entry->kind != archive::Kind::file)
        throw Error(std::format("cannot assemble image '{}': no package has '{}'", definition_.name, path));
    return input_.root.read(*entry);
}

void Assembly::make_initfs_file() {
    begin("initfs");
    drivers_ = parse_boot_drivers(read_packaged(paths::boot_drivers));
    const InitfsPlan plan = plan_initfs(input_.initfs_packages.files.entries, input_.root.files.entries,
                                        drivers_, definition_.driver_groups);
    const auto read = [&](const InitfsItem& item) {
        const PackagedTree& tree = item.source == InitfsSource::root ? input_.root : input_.initfs_packages;
        return tree.read(*tree.files.find(item.source_path));
    };
    initfs_ = make_initfs(plan, read, definition_.time);
}

void Assembly::make_root() {
    begin("root file system");
    std::vector<AddedFile> added = {
        {std::string(paths::initfs), initfs_},
        {std::string(paths::release), make_release(definition_, input_.keys)},
        {std::string(paths::settings_defaults), make_settings_defaults(definition_)},
        {std::string(paths::os_release), os_release_},
        {std::string(paths::sbom), sbom_}};
    if (!definition_.trusted_root.empty())
        added.push_back({std::string(paths::trusted_root), read_file(definition_.trusted_root)});
    const crypto::Hash seed =
        layout::make_seed(definition_.name, definition_.version, layout::to_text(definition_.architecture));
    root_size_ = write_root_image(
        {.mkfs = input_.mkfs_erofs,
         .output = directory_ / "root.erofs",
         .time = definition_.time,
         .uuid = layout::derive_guid(seed, "root file system"),
         .write_tar = [&](int fd) { write_root_tar(input_.root, added, definition_.time, fd); }});
    check_root_fits(root_size_, definition_.sizes.root, input_.root.sizes);
}

void Assembly::make_tree() {
    begin("hash tree");
    tree_ = make_verity_tree(directory_ / "root.erofs", input_.threads);
    CHECK(tree_.bytes.size() <=
          definition_.sizes.verity);  // the definition's sizes were checked against each other
    write_file(directory_ / "root.verity",
               {reinterpret_cast<const char*>(tree_.bytes.data()), tree_.bytes.size()});
}

void Assembly::make_boot_file() {
    begin("boot file");
    const std::string stub = read_packaged(paths::stub);
    const std::string kernel = read_packaged(paths::kernel);
    const auto bytes_of = [](const std::string& text) {
        return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    command_line_ =
        make_command_line(tree_.root_hash, definition_.architecture, definition_.kernel_arguments);
    const std::vector<std::uint8_t> uki = make_uki({.architecture = definition_.architecture,
                                                    .stub = bytes_of(stub),
                                                    .kernel = bytes_of(kernel),
                                                    .initfs = bytes_of(initfs_),
                                                    .os_release = os_release_,
                                                    .command_line = command_line_,
                                                    .kernel_release = drivers_.release,
                                                    .sbat = make_sbat(definition_),
                                                    .time = static_cast<std::uint32_t>(definition_.time)});
    boot_file_size_ = uki.size();
    const payload::BootParts boot_parts =
        payload::make_boot_parts(uki, {{std::string(paths::stub), bytes_of(stub)},
                                       {std::string(paths::kernel), bytes_of(kernel)},
                                       {std::string(paths::initfs), bytes_of(initfs_)}});
    write_file(directory_ / "boot.json", format_json(payload::to_json(boot_parts)));
    write_file(directory_ / boot_file_name_, {reinterpret_cast<const char*>(uki.data()), uki.size()});
}

void Assembly::make_disk() {
    begin("disk image");
    std::filesystem::create_directory(directory_ / ".scratch");
    write_file(scratch("loader.efi"), read_packaged(paths::loader));
    write_file(scratch("loader.conf"), make_loader_settings());
    write_disk_image(directory_ / "disk.img", definition_,
                     {.root = directory_ / "root.erofs",
                      .verity = directory_ / "root.verity",
                      .root_hash = tree_.root_hash,
                      .boot_file = directory_ / boot_file_name_,
                      .loader = scratch("loader.efi"),
                      .loader_settings = scratch("loader.conf")});
    remove_tree(directory_ / ".scratch");
}

/// SHA-256 by name; the files at the same time.
std::map<std::string, crypto::Hash> hash_files(const std::filesystem::path& directory,
                                               const std::vector<std::string>& names, unsigned threads) {
    std::vector<crypto::Hash> hashes(names.size());
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(threads, [&] {
        for (std::size_t index = next++; index < names.size(); index = next++)
            hashes[index] = crypto::hash_file_sha256(directory / names[index]);
    });
    std::map<std::string, crypto::Hash> by_name;
    for (std::size_t index = 0; index < names.size(); ++index) by_name[names[index]] = hashes[index];
    return by_name;
}

void Assembly::make_lists() {
    begin("checksums");
    write_file(directory_ / "sbom.spdx.json", sbom_);
    // The largest first, so that the others are hashed beside it.
    std::map<std::string, crypto::Hash> hashes = hash_files(
        directory_, {"disk.img", "root.erofs", "root.verity", boot_file_name_, "boot.json", "sbom.spdx.json"},
        input_.threads);
    write_file(directory_ / "manifest.json", make_manifest(definition_, input_.root.packages, input_.keys,
                                                           {.root_hash = tree_.root_hash,
                                                            .root_size = root_size_,
                                                            .verity_size = tree_.bytes.size(),
                                                            .boot_file_size = boot_file_size_,
                                                            .kernel_release = drivers_.release,
                                                            .command_line = command_line_,
                                                            .files = hashes}));
    hashes["manifest.json"] = crypto::hash_file_sha256(directory_ / "manifest.json");
    std::string sums;
    for (const auto& [name, hash] : hashes) sums += std::format("{}  {}\n", hash.to_hex(), name);
    write_file(directory_ / "SHA256SUMS", sums);
}

Image Assembly::image(const std::filesystem::path& final_directory) const {
    return {.name = definition_.name,
            .version = definition_.version,
            .architecture = definition_.architecture,
            .directory = final_directory,
            .disk = final_directory / "disk.img",
            .boot_file = final_directory / boot_file_name_,
            .manifest = final_directory / "manifest.json",
            .root_hash = tree_.root_hash,
            .root_size = root_size_,
            .boot_file_size = boot_file_size_,
            .initfs_size = initfs_.size()};
}

/// Folders in which a killed run was at work.
void remove_remains(const std::filesystem::path& output, const std::string& prefix) {
    for (const auto& entry : std::filesystem::directory_iterator(output))
        if (entry.is_directory() && entry.path().filename().string().starts_with(prefix))
            remove_tree(entry.path());
}

/// Puts the new folder in the place of the old one; what was there is then in the temporary one, and goes
/// with it.
void put_in_place(TemporaryDirectory& made, const std::filesystem::path& place) {
    std::filesystem::permissions(made.path(), std::filesystem::perms(0755));
    const unsigned flags = std::filesystem::exists(place) ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, made.path().c_str(), AT_FDCWD, place.c_str(), flags) != 0)
        throw SystemError(std::format("cannot put new image in its place '{}'", place.string()));
    if (flags == RENAME_NOREPLACE) made.release();
}

}  // namespace

Image assemble_image(const AssembleInput& input) {
    const ImageDefinition& definition = input.definition;
    const std::filesystem::path place =
        image_directory(input.output, definition.name, definition.architecture);
    return with_context(std::format("assembling image '{}'", definition.name), [&] {
        make_directories(input.output);
        const std::string prefix = std::format(".{}", place.filename().string());
        const FileLock lock(input.output / (prefix + ".lock"), FileLock::Mode::exclusive);
        remove_remains(input.output, prefix + ".new");
        TemporaryDirectory made(input.output, prefix + ".new");

        Assembly assembly(input, made.path());
        assembly.make_initfs_file();
        assembly.make_root();
        assembly.make_tree();
        assembly.make_boot_file();
        assembly.make_disk();
        assembly.make_lists();
        put_in_place(made, place);
        return assembly.image(place);
    });
}

std::filesystem::path image_directory(const std::filesystem::path& output, std::string_view name,
                                      layout::Architecture architecture) {
    return output / std::format("{}-{}", name, layout::to_text(architecture));
}

}  // namespace cairn::assemble
