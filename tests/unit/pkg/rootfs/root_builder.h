#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/rootfs/managed_root.h"
#include "tests/support/package_builder.h"

namespace cairn::rootfs {

/// Every path of a root with what it is, except the database and the directories that lead to it.
using Snapshot = std::map<std::string, std::string>;

inline Snapshot take_snapshot(const std::filesystem::path& root) {
    namespace fs = std::filesystem;
    Snapshot snapshot;
    for (auto walk = fs::recursive_directory_iterator(root); walk != fs::recursive_directory_iterator();
         ++walk) {
        const std::string path = walk->path().lexically_relative(root);
        if (path == state_path) walk.disable_recursion_pending();
        if (std::string_view(state_path).starts_with(path)) continue;
        const fs::file_status status = walk->symlink_status();
        std::string text = std::format("{:04o} ", static_cast<unsigned>(status.permissions()));
        if (fs::is_symlink(status))
            text += "-> " + fs::read_symlink(walk->path()).string();
        else if (fs::is_regular_file(status))
            text += std::format("{} names: {}", walk->hard_link_count(), read_file(walk->path()));
        snapshot[path] = text;
    }
    return snapshot;
}

/// A root in a temporary directory, and packages to change it with.
class RootBuilder {
  public:
    RootBuilder() : directory_(fast_directory()) { make_directories(path()); }

    std::filesystem::path path() const { return directory_.path() / "root"; }

    /// Carries a transaction out, in this process.
    void change(const std::vector<package::PackageReader>& add, const std::vector<std::string>& remove = {},
                const std::string& command = "install") const {
        change_root(path(), add, remove, command);
    }

    static void change_root(const std::filesystem::path& root, const std::vector<package::PackageReader>& add,
                            const std::vector<std::string>& remove = {},
                            const std::string& command = "install") {
        ManagedRoot managed = ManagedRoot::open(root, command);
        Request request{.remove = remove};
        std::vector<ContentSource> sources;
        for (const package::PackageReader& package : add) {
            request.add.push_back(&package.head());
            sources.push_back(contents_of(package));
        }
        managed.carry_out(request, managed.plan(request), sources,
                          {.time = 1'700'000'000, .command = command});
    }

    static void roll_back(const std::filesystem::path& root, std::uint64_t number) {
        ManagedRoot managed = ManagedRoot::open(root, "rollback");
        std::vector<package::VerifiedHead> heads;
        const Request request = managed.plan_rollback(number, heads);
        std::vector<ContentSource> sources;
        for (const package::VerifiedHead* head : request.add) sources.push_back(managed.old_contents(*head));
        managed.carry_out(request, managed.plan(request), sources,
                          {.time = 1'700'000'000, .command = "rollback"});
    }

    Snapshot snapshot() const { return take_snapshot(path()); }
    std::string read(const std::string& file) const { return read_file(path() / file); }
    void write(const std::string& file, std::string_view content) const {
        make_directories((path() / file).parent_path());
        write_file(path() / file, content);
    }
    bool has(const std::string& file) const {
        return std::filesystem::exists(std::filesystem::symlink_status(path() / file));
    }

  private:
    /// Memory, where there is such a place: nothing here is about the disk itself.
    static std::filesystem::path fast_directory() {
        const std::filesystem::path memory = "/dev/shm";
        return std::filesystem::is_directory(memory) ? memory : std::filesystem::path();
    }

    TemporaryDirectory directory_;
};

}  // namespace cairn::rootfs
