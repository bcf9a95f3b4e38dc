#include "pkg/rootfs/old_contents.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::rootfs {

OldContents::OldContents(const Dir& root, const Dir& state,
                         std::span<const package::VerifiedHead> installed) {
    if (state.find_status("kept"))
        for (const std::string& number : state.names("kept"))
            for (const std::string& name : state.names("kept/" + number))
                if (const auto hash = crypto::find_hash(name))
                    candidates_[*hash].push_back({&state, std::format("kept/{}/{}", number, name)});
    for (const package::VerifiedHead& head : installed)
        for (const archive::FileEntry& entry : head.head().files.entries)
            if (entry.kind == archive::Kind::file) candidates_[entry.content].push_back({&root, entry.path});
}

void OldContents::copy(const archive::FileTree& files, const Dir& work, const package::Places& places,
                       package::Owners owners) const {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const archive::FileEntry& entry = files.entries[i];
        if (places[i].empty() || entry.kind != archive::Kind::file) continue;
        const Fd fd = work.open_file(places[i], O_WRONLY | O_CREAT | O_EXCL, 0600);
        const auto candidates = candidates_.find(entry.content);
        const bool is_copied =
            entry.size == 0 || (candidates != candidates_.end() &&
                                std::ranges::any_of(candidates->second, [&](const Candidate& candidate) {
                                    return copy_from(candidate, entry, fd.get());
                                }));
        if (!is_copied)
            throw Error(std::format("the old content of '{}' is nowhere any more", entry.path))
                .hint("install the old package from its file instead");
        package::set_attributes(fd.get(), entry, owners);
    }
}

bool OldContents::copy_from(const Candidate& candidate, const archive::FileEntry& entry, int fd) const {
    const auto status = candidate.directory->find_status(candidate.path);
    if (!status || !S_ISREG(status->st_mode) || static_cast<std::uint64_t>(status->st_size) != entry.size)
        return false;
    const Fd source = candidate.directory->open_file(candidate.path, O_RDONLY | O_NONBLOCK);
    crypto::Blake2bHasher hasher;
    std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(entry.size, 256 * 1024));
    for (std::uint64_t done = 0; done < entry.size;) {
        const auto part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), entry.size - done));
        read_exactly_at(source.get(), part, done, candidate.path);
        hasher.update(part);
        write_all_at(fd, part, done, entry.path);
        done += part.size();
    }
    return hasher.finish() == entry.content;
}

}  // namespace cairn::rootfs
