#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "images/assemble/packaged_tree.h"
#include "tests/unit/images/assemble/made_up_stub.h"

namespace cairn::assemble {

/// Builds a small PackagedTree in memory. Folders of what is added are there without being asked for.
class TreeBuilder {
  public:
    TreeBuilder& file(const std::string& path, const std::string& content, mode_t mode = 0644) {
        folders(path);
        entries_[path] = {.path = path, .kind = archive::Kind::file, .mode = mode, .size = content.size()};
        entries_[path].content = crypto::hash_blake2b(content);
        (*contents_)[path] = content;
        return *this;
    }
    TreeBuilder& entry(const archive::FileEntry& entry) {
        folders(entry.path);
        entries_[entry.path] = entry;
        return *this;
    }
    TreeBuilder& package(const std::string& name, std::uint64_t size) {
        packages_.push_back({.identity = {.name = name,
                                          .version = "1.0",
                                          .license = "MIT",
                                          .recipe = name,
                                          .sources = {{name + ".tar.xz", crypto::hash_sha256(name)}}},
                             .id = crypto::hash_blake2b(name)});
        sizes_[name] = size;
        return *this;
    }
    PackagedTree tree() const {
        PackagedTree tree = {.packages = packages_, .sizes = sizes_};
        for (const auto& [path, entry] : entries_) tree.files.entries.push_back(entry);
        tree.read = [contents = contents_](const archive::FileEntry& entry) {
            return contents->at(entry.path);
        };
        return tree;
    }

  private:
    void folders(const std::string& path) {
        for (std::size_t slash = path.find('/'); slash != std::string::npos;
             slash = path.find('/', slash + 1)) {
            const std::string folder = path.substr(0, slash);
            entries_.try_emplace(
                folder, archive::FileEntry{.path = folder, .kind = archive::Kind::directory, .mode = 0755});
        }
    }
    std::map<std::string, archive::FileEntry> entries_;
    std::shared_ptr<std::map<std::string, std::string>> contents_ =
        std::make_shared<std::map<std::string, std::string>>();
    std::vector<PackageRecord> packages_;
    std::map<std::string, std::uint64_t> sizes_;
};

inline std::string text_of(const std::vector<std::uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

/// A root with all that an image needs of it: kernel, stub, loader, one boot module.
inline TreeBuilder make_small_root(layout::Architecture architecture) {
    TreeBuilder root;
    root.file("usr/lib/cairn/boot/vmlinuz", std::string(300'000, 'K'))
        .file("usr/lib/cairn/boot/stub.efi", text_of(make_stub({.architecture = architecture})))
        .file("usr/lib/cairn/boot/loader.efi", text_of(make_stub({.architecture = architecture, .sbat = ""})))
        .file(
            "usr/lib/cairn/boot/drivers.json",
            R"({"release": "6.12.1", "groups": {"storage": {"boot": true, "firmware": [], "modules": ["kernel/a.ko"]}}})")
        .file("usr/lib/modules/6.12.1/kernel/a.ko", "module")
        .file("usr/lib/modules/6.12.1/modules.dep", "kernel/a.ko:\n")
        .file("usr/bin/tool", std::string(9'000, 't'), 0755)
        .entry({.path = "tmp", .kind = archive::Kind::directory, .mode = 01777})
        .entry({.path = "usr/bin/tool-too",
                .kind = archive::Kind::hard_link,
                .mode = 0755,
                .target = "usr/bin/tool"})
        .entry({.path = "bin", .kind = archive::Kind::symlink, .mode = 0777, .target = "usr/bin"})
        .file("usr/share/owned", "x", 0640)
        .package("busybox", 9'000)
        .package("linux", 300'000);
    return root;
}

inline TreeBuilder make_small_initfs() {
    TreeBuilder initfs;
    initfs.file("usr/lib/cairn/initfs/init", "first process", 0755);
    return initfs;
}

inline ImageDefinition make_small_definition(layout::Architecture architecture) {
    return {
        .name = "tiny",
        .version = "1.0",
        .architecture = architecture,
        .date = "2026-11-20T00:00:00Z",
        .time = parse_date("2026-11-20T00:00:00Z"),
        .packages = {"busybox"},
        .driver_groups = {"storage"},
        .kernel_arguments = {"quiet"},
        .sizes = {.esp = 260 * layout::mebibyte, .root = 8 * layout::mebibyte, .verity = layout::mebibyte}};
}

}  // namespace cairn::assemble
