#include "pkg/rootfs/check.h"

#include <format>
#include <optional>

#include "pkg/rootfs/findings.h"

namespace cairn::rootfs {
namespace {

using archive::FileEntry;
using archive::Kind;

std::optional<std::string> find_deviation(const FileEntry& entry, const Finding& found,
                                          package::Owners owners) {
    if (found.state == Finding::State::absent) return "is missing";
    if (found.state == Finding::State::other)
        return found.is_directory || entry.kind == Kind::directory || entry.kind == Kind::symlink
                   ? "is something else"
                   : "has other content";
    if (entry.kind == Kind::symlink) return std::nullopt;
    if (found.mode != entry.mode)
        return std::format("has mode {:04o} instead of {:04o}", found.mode, entry.mode);
    if (owners == package::Owners::exact && (found.uid != entry.uid || found.gid != entry.gid))
        return std::format("belongs to {}:{} instead of {}:{}", found.uid, found.gid, entry.uid, entry.gid);
    return std::nullopt;
}

}  // namespace

std::vector<Deviation> check_root(const Dir& root, std::span<const package::VerifiedHead* const> heads,
                                  package::Owners owners) {
    std::vector<Deviation> deviations;
    for (const package::VerifiedHead* head : heads) {
        const archive::FileTree& files = head->head().files;
        std::vector<PathChange> paths;
        paths.reserve(files.entries.size());
        for (const FileEntry& entry : files.entries)
            paths.push_back({.path = entry.path, .before = entry_of(files, entry)});
        const std::vector<Finding> findings = look_at_root(root, paths);
        for (std::size_t i = 0; i < paths.size(); ++i)
            if (const auto what = find_deviation(files.entries[i], findings[i], owners))
                deviations.push_back({head->head().identity.name, paths[i].path, *what});
    }
    return deviations;
}

}  // namespace cairn::rootfs
