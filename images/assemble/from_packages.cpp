#include "images/assemble/from_packages.h"

#include <algorithm>
#include <memory>

#include "pkg/base/error.h"

namespace cairn::assemble {

PackagedTree from_packages(const rootfs::RootTree& root) {
    PackagedTree tree;
    for (const package::PackageReader& package : root.packages()) {
        tree.packages.push_back({package.identity(), package.id(), package.files().content_size()});
        tree.sizes[package.identity().name] = package.files().content_size();
    }
    std::ranges::sort(tree.packages, {}, [](const PackageRecord& package) { return package.identity.name; });
    for (const rootfs::RootEntry& entry : root.entries()) tree.files.entries.push_back(entry.entry);
    tree.read = [&root,
                 content = std::make_shared<rootfs::RootContent>(root)](const archive::FileEntry& entry) {
        const rootfs::RootEntry* const own = root.find(entry.path);
        CHECK(own != nullptr);
        return content->read_whole(*own);
    };
    return tree;
}

}  // namespace cairn::assemble
