#include "images/assemble/initfs.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>

#include "images/assemble/cpio.h"
#include "images/layout/paths.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::assemble {
namespace {

using archive::FileEntry;
using archive::Kind;

constexpr std::string_view modules_folder = "usr/lib/modules";
constexpr std::string_view firmware_folder = "usr/lib/firmware";
/// What the first process finds modules with (installer/disks/modules.h).
constexpr std::string_view module_indexes[] = {"modules.alias", "modules.dep", "modules.softdep"};
/// Above this level the kernel and its modules gain little and take seconds.
constexpr int compression_level = 12;

/// Items by path; adding one adds the folders above it.
class ItemSet {
  public:
    void add(FileEntry entry, InitfsSource source, std::string source_path) {
        add_folders_above(entry.path);
        if (entry.kind != Kind::file) source = InitfsSource::none, source_path.clear();
        const std::string path = entry.path;
        items_[path] = {std::move(entry), source, std::move(source_path)};
    }
    bool has(const std::string& path) const { return items_.contains(path); }
    InitfsPlan take() && {
        InitfsPlan plan;
        for (auto& [path, item] : items_) plan.push_back(std::move(item));
        return plan;
    }

  private:
    void add_folders_above(std::string_view path) {
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
             slash = path.find('/', slash + 1)) {
            const std::string folder(path.substr(0, slash));
            items_.try_emplace(folder,
                               InitfsItem{.entry = {.path = folder, .kind = Kind::directory, .mode = 0755}});
        }
    }
    std::map<std::string, InitfsItem> items_;
};

/// One of the two trees that the initfs is made from.
class SourceTree {
  public:
    SourceTree(const Entries& entries, InitfsSource source) : entries_(entries), source_(source) {
        for (const FileEntry& entry : entries) by_path_[entry.path] = &entry;
    }
    const Entries& entries() const { return entries_; }
    const FileEntry* find(std::string_view path) const {
        const auto found = by_path_.find(path);
        return found == by_path_.end() ? nullptr : found->second;
    }
    /// Adds an entry under `path`; a hard link as the file that it links to.
    void add_to(ItemSet& items, const FileEntry& entry, std::string path) const {
        FileEntry placed = entry.kind == Kind::hard_link ? *by_path_.at(entry.target) : entry;
        std::string source_path = placed.path;
        placed.path = std::move(path);
        items.add(std::move(placed), source_, std::move(source_path));
    }

  private:
    const Entries& entries_;
    InitfsSource source_;
    std::map<std::string_view, const FileEntry*> by_path_;
};

/// Where a file of an initfs package goes; empty for the folder that stands for the top.
std::string place_of(std::string_view path) {
    const std::string top = std::format("{}/", layout::paths::initfs_folder);
    if (path.starts_with(top)) return std::string(path.substr(top.size()));
    return top.starts_with(std::format("{}/", path)) ? std::string() : std::string(path);
}

void add_packages(ItemSet& items, const SourceTree& packages) {
    for (const FileEntry& entry : packages.entries())
        if (std::string place = place_of(entry.path); !place.empty())
            packages.add_to(items, entry, std::move(place));
    if (!items.has("init"))
        throw Error("cannot make the initfs: no package has a first process")
            .detail("missing", std::format("{}/init", layout::paths::initfs_folder))
            .hint("add package 'cairn-init' to \"initfs_packages\" of the image definition");
}

/// Module files that the image's boot groups need, as paths in the root.
std::set<std::string> boot_modules(const BootDrivers& drivers, const std::vector<std::string>& groups) {
    std::set<std::string> modules;
    for (const auto& [name, group] : drivers.groups) {
        if (!group.is_for_boot || !std::ranges::contains(groups, name)) continue;
        for (const std::string& module : group.modules)
            modules.insert(std::format("{}/{}/{}", modules_folder, drivers.release, module));
    }
    return modules;
}

std::vector<std::string> boot_firmware(const BootDrivers& drivers, const std::vector<std::string>& groups) {
    std::vector<std::string> globs;
    for (const auto& [name, group] : drivers.groups)
        if (group.is_for_boot && std::ranges::contains(groups, name))
            for (const std::string& glob : group.firmware)
                globs.push_back(std::format("{}/{}", firmware_folder, glob));
    return globs;
}

void add_modules(ItemSet& items, const SourceTree& root, const BootDrivers& drivers,
                 const std::vector<std::string>& groups) {
    const std::set<std::string> modules = boot_modules(drivers, groups);
    for (const std::string& module : modules) {
        const FileEntry* const entry = root.find(module);
        if (entry == nullptr)
            throw Error(
                "cannot make the initfs: a module of a boot driver group is in no package of the image")
                .detail("module", module)
                .hint("add the driver group's package to the image");
        root.add_to(items, *entry, module);
    }
    if (modules.empty()) return;
    for (const std::string_view index : module_indexes) {
        const std::string path = std::format("{}/{}/{}", modules_folder, drivers.release, index);
        if (const FileEntry* const entry = root.find(path)) root.add_to(items, *entry, path);
    }
}

void add_firmware(ItemSet& items, const SourceTree& root, const BootDrivers& drivers,
                  const std::vector<std::string>& groups) {
    for (const std::string& glob : boot_firmware(drivers, groups))
        for (const FileEntry& entry : root.entries())
            if (entry.kind != Kind::directory && is_glob_match(glob, entry.path))
                root.add_to(items, entry, entry.path);
    // The kernel looks for firmware in /lib.
    if (!items.has("lib"))
        items.add({.path = "lib", .kind = Kind::symlink, .mode = 0777, .target = "usr/lib"},
                  InitfsSource::none, "");
}

}  // namespace

InitfsPlan plan_initfs(const Entries& initfs_packages, const Entries& root, const BootDrivers& drivers,
                       const std::vector<std::string>& groups) {
    const SourceTree root_tree(root, InitfsSource::root);
    ItemSet items;
    add_packages(items, SourceTree(initfs_packages, InitfsSource::initfs_packages));
    add_modules(items, root_tree, drivers, groups);
    add_firmware(items, root_tree, drivers, groups);
    return std::move(items).take();
}

std::string make_initfs(const InitfsPlan& plan,
                        const std::function<std::string(const InitfsItem& item)>& read, std::uint64_t time) {
    CpioArchive cpio(static_cast<std::uint32_t>(time));
    for (const InitfsItem& item : plan)
        cpio.add(item.entry, item.entry.kind == Kind::file ? read(item) : std::string());
    return archive::compress_zstd(std::move(cpio).finish(), compression_level);
}

}  // namespace cairn::assemble
