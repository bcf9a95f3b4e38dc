#include "pkg/package/difference.h"

#include <format>

#include "pkg/base/text.h"

namespace cairn::package {
namespace {

std::string kind_of(const archive::FileEntry& entry) {
    switch (entry.kind) {
        case archive::Kind::file:
            return format_bytes(entry.size);
        case archive::Kind::directory:
            return "directory";
        case archive::Kind::symlink:
            return "-> " + entry.target;
        case archive::Kind::hard_link:
            return "hard link to " + entry.target;
    }
    return {};
}

std::vector<IdentityChange> compare_identities(const Identity& before, const Identity& after) {
    std::vector<IdentityChange> changes;
    const auto add = [&](std::string_view field, const std::string& left, const std::string& right) {
        if (left != right) changes.push_back({std::string(field), left, right});
    };
    add("name", before.name, after.name);
    add("version", before.version, after.version);
    add("architecture", before.architecture, after.architecture);
    add("license", before.license, after.license);
    add("summary", before.summary, after.summary);
    add("depends", join(before.depends, ", "), join(after.depends, ", "));
    add("provides", join(before.provides, ", "), join(after.provides, ", "));
    add("conflicts", join(before.conflicts, ", "), join(after.conflicts, ", "));
    add("replaces", join(before.replaces, ", "), join(after.replaces, ", "));
    return changes;
}

}  // namespace

Difference compare(const Identity& before, const archive::FileTree& before_files, const Identity& after,
                   const archive::FileTree& after_files) {
    Difference difference{.identity = compare_identities(before, after), .files = {}};
    auto left = before_files.entries.begin();
    auto right = after_files.entries.begin();
    while (left != before_files.entries.end() || right != after_files.entries.end()) {
        const bool has_left = left != before_files.entries.end();
        const bool has_right = right != after_files.entries.end();
        if (has_left && (!has_right || left->path < right->path)) {
            difference.files.push_back({left->path, &*left, nullptr});
            ++left;
        } else if (!has_left || right->path < left->path) {
            difference.files.push_back({right->path, nullptr, &*right});
            ++right;
        } else {
            if (*left != *right) difference.files.push_back({left->path, &*left, &*right});
            ++left;
            ++right;
        }
    }
    return difference;
}

std::string describe(const FileChange& change) {
    if (change.before == nullptr) return kind_of(*change.after);
    if (change.after == nullptr) return kind_of(*change.before);
    const archive::FileEntry& before = *change.before;
    const archive::FileEntry& after = *change.after;
    std::vector<std::string> parts;
    if (before.kind != after.kind || before.target != after.target)
        parts.push_back(std::format("{} => {}", kind_of(before), kind_of(after)));
    else if (before.content != after.content)
        parts.push_back(std::format("content, {} => {}", kind_of(before), kind_of(after)));
    if (before.mode != after.mode)
        parts.push_back(std::format("mode {:04o} => {:04o}", before.mode, after.mode));
    if (before.uid != after.uid || before.gid != after.gid)
        parts.push_back(std::format("owner {}:{} => {}:{}", before.uid, before.gid, after.uid, after.gid));
    if (before.xattrs != after.xattrs) parts.emplace_back("extended attributes");
    return join(parts, "; ");
}

}  // namespace cairn::package
