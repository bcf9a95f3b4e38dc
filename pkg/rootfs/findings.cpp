#include "pkg/rootfs/findings.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>

#include "pkg/archive/parallel.h"
#include "pkg/rootfs/look.h"

namespace cairn::rootfs {
namespace {

using archive::Kind;
using State = Finding::State;

bool could_be(const PackageEntry& entry, const struct stat& status) {
    if (!entry) return false;
    if (entry.content != nullptr)
        return S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == entry.content->size;
    if (entry.entry->kind == Kind::symlink) return S_ISLNK(status.st_mode);
    return S_ISDIR(status.st_mode);
}

class Observation {
  public:
    Observation(const Dir& root, const std::vector<PathChange>& paths)
        : root_(root), paths_(paths), findings_(paths.size()) {}

    std::vector<Finding> run() {
        // By several threads: most of the time goes into hashing. Each takes a run of neighbours, so that
        // the directory of the last path can stay open.
        archive::run_on_threads(archive::default_threads, [this] { look_at_runs(); });
        return std::move(findings_);
    }

  private:
    void look_at_runs() {
        constexpr std::size_t run = 64;
        PathLooker looker(root_);
        try {
            for (std::size_t first; (first = next_.fetch_add(run)) < paths_.size();)
                for (std::size_t i = first; i < std::min(first + run, paths_.size()); ++i)
                    findings_[i] = find(looker, paths_[i]);
        } catch (...) {
            next_ = paths_.size();
            throw;
        }
    }

    static Finding find(PathLooker& looker, const PathChange& change) {
        const PathLooker::Place place = looker.look(change.path);
        Finding finding{.device = place.device};
        if (!place.status) return finding;
        const struct stat& status = *place.status;
        finding.is_directory = S_ISDIR(status.st_mode);
        finding.mode = status.st_mode & 07777;
        finding.uid = status.st_uid;
        finding.gid = status.st_gid;
        if (finding.is_directory) {
            finding.device = status.st_dev;
            if (change.after && !change.after.is_directory()) finding.names = looker.names(change.path);
        }
        finding.state = compare(looker, change, status);
        return finding;
    }

    static State compare(PathLooker& looker, const PathChange& change, const struct stat& status) {
        const bool may_be_before = could_be(change.before, status);
        const bool may_be_after = could_be(change.after, status);
        if (!may_be_before && !may_be_after) return State::other;
        if (S_ISDIR(status.st_mode)) return may_be_before ? State::as_before : State::as_after;
        if (S_ISLNK(status.st_mode)) {
            const std::string target = looker.read_link(change.path);
            if (may_be_before && target == change.before.entry->target) return State::as_before;
            return may_be_after && target == change.after.entry->target ? State::as_after : State::other;
        }
        const crypto::Hash content = looker.hash_file(change.path);
        if (may_be_before && content == change.before.content->content) return State::as_before;
        return may_be_after && content == change.after.content->content ? State::as_after : State::other;
    }

    const Dir& root_;
    const std::vector<PathChange>& paths_;
    std::vector<Finding> findings_;
    std::atomic<std::size_t> next_ = 0;
};

}  // namespace

std::vector<Finding> look_at_root(const Dir& root, const std::vector<PathChange>& paths) {
    return Observation(root, paths).run();
}

}  // namespace cairn::rootfs
