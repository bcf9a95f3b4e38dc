#include "pkg/archive/tree.h"
#include "pkg/base/dir.h"
#include "pkg/base/files.h"
#include "pkg/package/extract.h"
#include "tests/fuzz/signed_package.h"
#include "tests/fuzz/walled_folder.h"

/// Input: 2 bytes with the size of a plain head, the head, and the data behind it.
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    if (input.size() < 2) return;
    const std::size_t head_size = input[0] | input[1] << 8;
    if (head_size > input.size() - 2) return;
    const MemoryFile file(sign_package(input.subspan(2, head_size), input.subspan(2 + head_size)));
    const auto package =
        find_accepted<VerifyError>([&] { return package::open_package(file.path(), allowed_keys()); });
    if (!package || package->files().entries.size() > 100) return;

    const WalledFolder folder;
    const bool is_whole =
        is_accepted<VerifyError>([&] { package::verify_content(*package, package::Depth::full); });
    const bool is_extracted =
        is_accepted([&] { package::extract_package(*package, Dir::open(folder.path())); });
    folder.check();
    require(is_extracted || !is_whole, "a whole package can be extracted");
    if (!is_extracted) return;
    const archive::FileTree found = archive::scan_tree(folder.path());
    require(found.entries.size() == package->files().entries.size(), "every entry is there, and no other");
    for (const archive::FileEntry& entry : found.entries) {
        const archive::FileEntry* const promised = package->files().find(entry.path);
        require(promised != nullptr, "only what the table names is there");
        if (promised->kind == archive::Kind::file)
            require(entry.content == promised->content || entry.kind == archive::Kind::hard_link || !is_whole,
                    "every file has the content that was signed");
        if (promised->kind == archive::Kind::symlink)
            require(entry.target == promised->target, "a link points to where the table says");
    }
}
