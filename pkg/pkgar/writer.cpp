#include "pkg/pkgar/writer.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/pkgar/blake3.h"
#include "pkg/pkgar/format.h"

namespace cairn::pkgar {
namespace {

using archive::FileEntry;
using archive::FileTree;
using archive::Kind;

std::string name_some(std::string_view what, const std::vector<std::string>& paths) {
    constexpr std::size_t shown = 3;
    const std::vector<std::string> first(paths.begin(), paths.begin() + std::min(shown, paths.size()));
    const std::string more = paths.size() > shown ? std::format(" and {} more", paths.size() - shown) : "";
    return std::format("{}: {}{}", what, join(first, ", "), more);
}

/// A directory that is the beginning of another path is made again by that.
std::vector<std::string> empty_directories(const FileTree& files) {
    std::vector<std::string> empty;
    for (std::size_t i = 0; i < files.entries.size(); ++i) {
        const FileEntry& entry = files.entries[i];
        if (entry.kind != Kind::directory) continue;
        const std::string prefix = entry.path + "/";
        const auto inside = std::ranges::lower_bound(files.entries, prefix, {}, &FileEntry::path);
        if (inside == files.entries.end() || !inside->path.starts_with(prefix)) empty.push_back(entry.path);
    }
    return empty;
}

std::vector<std::string> find_lost(const FileTree& files) {
    std::vector<std::string> owned;
    std::vector<std::string> attributed;
    for (const FileEntry& entry : files.entries) {
        if (entry.uid != 0 || entry.gid != 0) owned.push_back(entry.path);
        if (!entry.xattrs.empty()) attributed.push_back(entry.path);
    }
    std::vector<std::string> lost;
    if (const auto empty = empty_directories(files); !empty.empty())
        lost.push_back(name_some("empty directories", empty));
    if (!owned.empty()) lost.push_back(name_some("owners", owned));
    if (!attributed.empty()) lost.push_back(name_some("extended attributes", attributed));
    return lost;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Written write_pkgar(const package::PackageReader& package, crypto::Signer& signer,
                    const std::filesystem::path& output) {
    const FileTree& files = package.files();
    const auto is_kept = [](const FileEntry& entry) { return entry.kind != Kind::directory; };
    for (const FileEntry& entry : files.entries)
        if (is_kept(entry) && entry.path.size() > path_limit)
            throw UsageError(
                std::format("pkgar cannot hold '{}': it has more than {} bytes", entry.path, path_limit));

    Head head;
    head.architecture = package.identity().architecture;
    const std::uint64_t data_offset =
        header_size + entry_size * static_cast<std::uint64_t>(std::ranges::count_if(files.entries, is_kept));
    AtomicFile file(output);
    package::ContentReader content(package);
    std::map<std::string, std::size_t> places;
    std::uint64_t end = 0;
    for (const FileEntry& from : files.entries) {
        if (!is_kept(from)) continue;
        Entry entry{
            .offset = end, .mode = from.mode, .is_link = from.kind == Kind::symlink, .path = from.path};
        Blake3Hasher hasher;
        const auto add = [&](std::span<const std::uint8_t> bytes) {
            hasher.update(bytes);
            write_all_at(file.fd(), bytes, data_offset + end, output.string());
            end += bytes.size();
        };
        if (from.kind == Kind::hard_link) {
            const Entry& original = head.entries[places.at(from.target)];
            entry.content = original.content;
            entry.offset = original.offset;
            entry.size = original.size;
        } else {
            if (entry.is_link)
                add(bytes_of(from.target));
            else
                content.read(from, add);
            entry.content = hasher.finish();
            entry.size = end - entry.offset;
        }
        places[entry.path] = head.entries.size();
        head.entries.push_back(std::move(entry));
    }
    write_all_at(file.fd(), format_head(head, signer), 0, output.string());
    file.commit();
    return {.file_size = data_offset + end, .entries = head.entries.size(), .lost = find_lost(files)};
}

}  // namespace cairn::pkgar
