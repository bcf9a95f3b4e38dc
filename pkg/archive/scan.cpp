#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "pkg/archive/parallel.h"
#include "pkg/archive/tree.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::archive {
namespace {

/// Walks a tree depth first and gathers its entries, still without hashes.
class Scanner {
  public:
    explicit Scanner(const Dir& root) : root_(root) {}

    FileTree scan() {
        scan_directory("");
        std::ranges::sort(tree_.entries, is_path_before);
        link_names_of_one_file();
        return std::move(tree_);
    }

  private:
    void scan_directory(const std::string& directory) {
        for (const std::string& name : root_.names(directory)) {
            const std::string path = directory.empty() ? name : directory + "/" + name;
            if (!is_packable_path(path))
                refuse(path, "its name is too long, not UTF-8, or has control characters");
            if (tree_.entries.size() == TreeLimits::entries)
                refuse(path, "there are more than 1,000,000 entries");
            add(path);
        }
    }

    void add(const std::string& path) {
        const auto status = root_.find_status(path);
        if (!status) refuse(path, "it was removed while the tree was read");
        FileEntry entry{.path = path};
        if (S_ISREG(status->st_mode)) {
            if ((status->st_mode & (S_ISUID | S_ISGID)) != 0)
                refuse(path, "setuid and setgid are not allowed");
            entry.mode = (status->st_mode & S_IXUSR) != 0 ? 0755 : 0644;
            entry.size = static_cast<std::uint64_t>(status->st_size);
            if (status->st_nlink > 1) linked_[{status->st_dev, status->st_ino}].push_back(path);
        } else if (S_ISDIR(status->st_mode)) {
            entry.kind = Kind::directory;
            entry.mode = 0755;
        } else if (S_ISLNK(status->st_mode)) {
            entry.kind = Kind::symlink;
            entry.mode = 0777;
            entry.target = root_.read_link(path);
        } else {
            refuse(path, "it is neither a file, nor a directory, nor a symbolic link");
        }
        const bool descend = entry.kind == Kind::directory;
        tree_.entries.push_back(std::move(entry));
        if (descend) scan_directory(path);
    }

    /// Of several names of one file the first stays the file, the others become links to it.
    void link_names_of_one_file() {
        for (auto& [inode, paths] : linked_) {
            std::ranges::sort(paths);
            for (std::size_t i = 1; i < paths.size(); ++i) {
                FileEntry& entry = *tree_.find(paths[i]);
                entry.kind = Kind::hard_link;
                entry.size = 0;
                entry.target = paths[0];
            }
        }
    }

    [[noreturn]] void refuse(const std::string& path, const std::string& why) {
        throw Error("cannot pack '" + root_.name() + "/" + path + "': " + why);
    }

    const Dir& root_;
    FileTree tree_;
    std::map<std::pair<dev_t, ino_t>, std::vector<std::string>> linked_;
};

void hash_entry(const Dir& root, FileEntry& entry) {
    const Fd file = root.open_file(entry.path, O_RDONLY);
    entry.content = crypto::hash_file_blake2b(file.get(), entry.path);
    if (file_size(file.get(), entry.path) != entry.size)
        throw Error("cannot pack '" + root.name() + "/" + entry.path + "': it changed while it was read");
}

/// Hashes all files, by two threads that each take the next one not yet taken. The first failure ends both.
void hash_files(const Dir& root, FileTree& tree) {
    std::atomic<std::size_t> next = 0;
    run_on_threads(default_threads, [&] {
        try {
            for (std::size_t i; (i = next++) < tree.entries.size();)
                if (tree.entries[i].kind == Kind::file) hash_entry(root, tree.entries[i]);
        } catch (...) {
            next = tree.entries.size();
            throw;
        }
    });
}

}  // namespace

FileTree scan_tree(const std::filesystem::path& path) {
    const Dir root = Dir::open(path);
    FileTree tree = Scanner(root).scan();
    check_tree(tree);
    hash_files(root, tree);
    return tree;
}

}  // namespace cairn::archive
