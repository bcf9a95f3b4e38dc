#include "images/assemble/packaged_tree.h"

#include <format>
#include <string_view>

#include "pkg/archive/tar_writer.h"
#include "pkg/base/error.h"

namespace cairn::assemble {
namespace {

using archive::FileEntry;
using archive::Kind;

/// Points at an entry of the tree, or holds one that the image adds.
struct Item {
    const FileEntry* packaged = nullptr;
    FileEntry added = {};
    const std::string* content = nullptr;  // of an added file
    const FileEntry& entry() const { return packaged != nullptr ? *packaged : added; }
};

std::map<std::string, Item> collect(const PackagedTree& tree, const std::vector<AddedFile>& added) {
    std::map<std::string, Item> items;
    for (const FileEntry& entry : tree.files.entries) items[entry.path] = {.packaged = &entry};
    const auto add_folder = [&](std::string_view path) {
        const FileEntry folder = {.path = std::string(path), .kind = Kind::directory, .mode = 0755};
        items.try_emplace(folder.path, Item{.added = folder});
    };
    // The mount point of /etc: packages' own is moved to usr/share/factory/etc.
    add_folder("etc");
    for (const AddedFile& file : added) {
        for (std::size_t slash = file.path.find('/'); slash != std::string::npos;
             slash = file.path.find('/', slash + 1))
            add_folder(std::string_view(file.path).substr(0, slash));
        const FileEntry entry = {
            .path = file.path, .kind = Kind::file, .mode = 0644, .size = file.content.size()};
        if (!items.try_emplace(file.path, Item{.added = entry, .content = &file.content}).second)
            throw Error(
                std::format("cannot add '{}' to the root: a package has a file of this name", file.path));
    }
    return items;
}

void write_text(archive::TarWriter& tar, std::string_view text) {
    tar.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

void write_root_tar(const PackagedTree& tree, const std::vector<AddedFile>& added, std::uint64_t time,
                    int fd) {
    const std::map<std::string, Item> items = collect(tree, added);
    archive::TarWriter tar(fd, "tar stream of the root", time);
    tar.add({.path = ".", .kind = Kind::directory, .mode = 0755});
    for (const auto& [path, item] : items) {
        tar.add(item.entry());
        if (item.entry().kind != Kind::file) continue;
        if (item.content != nullptr)
            write_text(tar, *item.content);
        else
            write_text(tar, tree.read(item.entry()));
    }
    tar.finish();
}

}  // namespace cairn::assemble
