#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/package/head.h"
#include "pkg/package/place_entries.h"

namespace cairn::rootfs {

/// Contents of files by their hash: those that transactions have kept, and those of installed packages. A
/// file is checked while it is copied; one that was changed since counts as not there. All is borrowed.
class OldContents {
  public:
    OldContents(const Dir& root, const Dir& state, std::span<const package::VerifiedHead> installed);

    /// Makes the regular files that have a place below `work`, with their attributes. Throws Error naming the
    /// file whose content is nowhere.
    void copy(const archive::FileTree& files, const Dir& work, const package::Places& places,
              package::Owners owners) const;

  private:
    struct Candidate {
        const Dir* directory;
        std::string path;
    };
    bool copy_from(const Candidate& candidate, const archive::FileEntry& entry, int fd) const;

    std::unordered_map<crypto::Hash, std::vector<Candidate>> candidates_;
};

}  // namespace cairn::rootfs
