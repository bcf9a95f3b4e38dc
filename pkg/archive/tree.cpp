#include "pkg/archive/tree.h"

#include <algorithm>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"

namespace cairn::archive {
namespace {

[[noreturn]] void refuse(const FileEntry& entry, const std::string& why) {
    throw VerifyError("cannot use '" + entry.path + "' in a package: " + why);
}

void check_xattrs(const FileEntry& entry) {
    if (entry.xattrs.size() > TreeLimits::xattrs) refuse(entry, "it has too many extended attributes");
    for (std::size_t i = 0; i < entry.xattrs.size(); ++i) {
        const Xattr& xattr = entry.xattrs[i];
        const bool name_ok = !xattr.name.empty() && xattr.name.size() <= TreeLimits::xattr_name &&
                             xattr.name.find('=') == std::string::npos && is_plain_text(xattr.name);
        if (!name_ok) refuse(entry, "an extended attribute has a bad name");
        if (xattr.value.size() > TreeLimits::xattr_value) refuse(entry, "an extended attribute is too large");
        if (i > 0 && entry.xattrs[i - 1].name >= xattr.name)
            refuse(entry, "its extended attributes are not sorted by name");
    }
}

void check_fields(const FileEntry& entry) {
    const bool is_file = entry.kind == Kind::file;
    const bool has_target = entry.kind == Kind::symlink || entry.kind == Kind::hard_link;
    if ((entry.mode & ~mode_t{01777}) != 0) refuse(entry, "setuid and setgid are not allowed");
    if (entry.kind == Kind::symlink && entry.mode != 0777)
        refuse(entry, "the mode of a symbolic link is 0777");
    if (is_file && (entry.mode & 01000) != 0) refuse(entry, "the sticky bit is for directories");
    if (!is_file && (entry.size != 0 || !entry.content.is_zero())) refuse(entry, "only files have content");
    if (is_file && entry.size > TreeLimits::file) refuse(entry, "it is larger than 16 GiB");
    if (has_target == entry.target.empty()) refuse(entry, "links have a target, and nothing else has one");
    if (entry.target.size() > TreeLimits::target || entry.target.find('\0') != std::string::npos)
        refuse(entry, "its link target is not valid");
    check_xattrs(entry);
}

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

void check_parent(const FileTree& tree, const FileEntry& entry) {
    if (parent_of(entry.path).empty()) return;
    const FileEntry* parent = tree.find(parent_of(entry.path));
    if (parent == nullptr || parent->kind != Kind::directory)
        refuse(entry, "the directory it is in is not part of the tree");
}

void check_hard_link(const FileTree& tree, const FileEntry& entry) {
    const FileEntry* target = tree.find(entry.target);
    if (target == nullptr || target->kind != Kind::file || target->path >= entry.path)
        refuse(entry, "its hard link target '" + entry.target + "' is not a file that stands before it");
    const bool same = target->mode == entry.mode && target->uid == entry.uid && target->gid == entry.gid &&
                      entry.xattrs.empty();
    if (!same) refuse(entry, "mode and owner differ from those of '" + entry.target + "', the same file");
}

}  // namespace

bool is_plain_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i++]);
        if (first < 0x20 || first == 0x7f) return false;
        if (first < 0x80) continue;
        const std::size_t more = first >= 0xf0 && first <= 0xf4 ? 3
                                 : first >= 0xe0                ? 2
                                 : first >= 0xc2                ? 1
                                                                : 0;
        if (more == 0 || first > 0xf4 || i + more > text.size()) return false;
        char32_t code = first & (0x3f >> more);
        for (const std::size_t end = i + more; i < end; ++i) {
            const auto next = static_cast<unsigned char>(text[i]);
            if ((next & 0xc0) != 0x80) return false;
            code = (code << 6) | (next & 0x3f);
        }
        const bool too_long = code < (more == 1 ? 0x80U : more == 2 ? 0x800U : 0x10000U);
        if (too_long || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    }
    return true;
}

bool is_packable_path(std::string_view path) {
    return path.size() <= TreeLimits::path && is_safe_relative_path(path) && is_plain_text(path);
}

const FileEntry* FileTree::find(std::string_view path) const {
    const auto place = std::ranges::lower_bound(entries, path, {},
                                                [](const FileEntry& e) { return std::string_view(e.path); });
    return place != entries.end() && place->path == path ? &*place : nullptr;
}

FileEntry* FileTree::find(std::string_view path) {
    return const_cast<FileEntry*>(static_cast<const FileTree&>(*this).find(path));
}

std::uint64_t FileTree::content_size() const {
    std::uint64_t sum = 0;
    for (const FileEntry& entry : entries) sum += entry.size;
    return sum;
}

void check_tree(const FileTree& tree) {
    if (tree.entries.size() > TreeLimits::entries)
        throw VerifyError("cannot use this tree in a package: it has more than 1,000,000 entries");
    std::uint64_t left = TreeLimits::content;
    for (std::size_t i = 0; i < tree.entries.size(); ++i) {
        const FileEntry& entry = tree.entries[i];
        if (!is_packable_path(entry.path)) refuse(entry, "the name is not valid");
        if (i > 0 && tree.entries[i - 1].path >= entry.path)
            refuse(entry, "the entries are not sorted and unique");
        check_fields(entry);
        if (i == 0 || parent_of(tree.entries[i - 1].path) != parent_of(entry.path)) check_parent(tree, entry);
        if (entry.kind == Kind::hard_link) check_hard_link(tree, entry);
        if (entry.size > left) refuse(entry, "all files together are larger than 64 GiB");
        left -= entry.size;
    }
}

crypto::Hash hash_tree(const FileTree& tree) {
    crypto::Blake2bHasher hasher;
    const auto add_text = [&](std::string_view text) {
        hasher.update_number(text.size());
        hasher.update(text);
    };
    hasher.update("cairn file tree 1\n");
    hasher.update_number(tree.entries.size());
    for (const FileEntry& entry : tree.entries) {
        add_text(entry.path);
        hasher.update_number(static_cast<std::uint64_t>(entry.kind));
        for (const std::uint64_t number :
             {std::uint64_t{entry.mode}, std::uint64_t{entry.uid}, std::uint64_t{entry.gid}, entry.size})
            hasher.update_number(number);
        add_text(entry.target);
        hasher.update(entry.content.bytes());
        hasher.update_number(entry.xattrs.size());
        for (const Xattr& xattr : entry.xattrs) {
            add_text(xattr.name);
            add_text(xattr.value);
        }
    }
    return hasher.finish();
}

}  // namespace cairn::archive
