#include "pkg/rootfs/plan.h"

#include <algorithm>
#include <format>
#include <ranges>
#include <unordered_map>
#include <unordered_set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/base/version_order.h"

namespace cairn::rootfs {
namespace {

using archive::FileEntry;
using archive::Kind;
using package::Owners;
using package::VerifiedHead;
using State = Finding::State;

constexpr std::size_t most_named = 10;  // paths in one message

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

class Planner {
  public:
    Planner(Changes& changes, std::span<const VerifiedHead* const> added, std::span<const Finding> findings,
            std::uint64_t device, Owners owners)
        : changes_(changes), added_(added), findings_(findings), device_(device), owners_(owners) {}

    Plan run() {
        for (const VerifiedHead* head : added_) plan_.places.emplace_back(head->head().files.entries.size());
        for (std::size_t i = 0; i < changes_.paths.size(); ++i) add(changes_.paths[i], findings_[i]);
        refuse_what_is_in_the_way();
        link_to_placed_files();
        count_contents();
        join_steps();
        plan_.changes = std::move(changes_);
        return std::move(plan_);
    }

  private:
    void add(const PathChange& change, const Finding& found) {
        if (!change.after)
            add_removal(change, found);
        else if (change.after.is_directory())
            add_directory(change, found);
        else
            add_file(change, found);
    }

    void add_removal(const PathChange& change, const Finding& found) {
        std::vector<Step>& removals = is_below_a_coming_file(change.path) ? early_removals_ : removals_;
        if (found.state == State::absent) return;
        if (change.before.is_directory()) {
            if (found.is_directory)
                removals.push_back(
                    step(Action::remove_directory, change, found, {.before = attributes_of(found)}));
        } else if (found.state == State::as_before) {
            removals.push_back(removal_step(change, found));
        } else {
            plan_.kept.push_back(change.path);
        }
    }

    void add_directory(const PathChange& change, const Finding& found) {
        if (found.is_directory) {
            correct_attributes(change, found);
            return;
        }
        if (found.state != State::absent) {
            if (found.state != State::as_before) {
                in_the_way_.push_back(change.path);
                return;
            }
            additions_.push_back(removal_step(change, found));
        }
        place(change, place_in_tree(change.path).value_or(""), found, Action::tree);
        new_directories_[change.path] = place_of(change);
    }

    void add_file(const PathChange& change, const Finding& found) {
        if (found.is_directory) {
            if (!change.before.is_directory() || !is_going_away(change, found)) {
                in_the_way_.push_back(change.path);
                return;
            }
            early_removals_.push_back(
                step(Action::remove_directory, change, found, {.before = attributes_of(found)}));
            coming_files_.insert(change.path);
            place(change, "", found, Action::put);
            return;
        }
        switch (found.state) {
            case State::absent:
                place(change, place_in_tree(change.path).value_or(""), found, Action::put);
                return;
            case State::as_before:
            case State::as_after:
                place(change, "", found, Action::replace);
                return;
            case State::other:
                // Changed locally: theirs. With no package before, it is just somebody's.
                (change.before ? plan_.kept : in_the_way_).push_back(change.path);
                return;
        }
    }

    /// `tree_place` empty: it is an item of its own, and a step moves it.
    void place(const PathChange& change, std::string tree_place, const Finding& found, Action action) {
        if (tree_place.empty()) {
            Step moving = step(action, change, found, {.item = next_item_++});
            if (action == Action::replace) moving.content = content_to_keep(change, found);
            tree_place = std::format("new/{}", moving.item);
            additions_.push_back(std::move(moving));
        }
        plan_.places[change.source][change.index] = std::move(tree_place);
    }

    const std::string& place_of(const PathChange& change) const {
        return plan_.places[change.source][change.index];
    }

    std::optional<std::string> place_in_tree(std::string_view path) const {
        const auto parent = new_directories_.find(std::string(parent_of(path)));
        if (parent == new_directories_.end()) return std::nullopt;
        return std::format("{}/{}", parent->second, path.substr(parent->first.size() + 1));
    }

    Step removal_step(const PathChange& change, const Finding& found) {
        return step(Action::remove, change, found,
                    {.item = next_item_++, .content = content_to_keep(change, found)});
    }

    Step step(Action action, const PathChange& change, const Finding& found, Step step) const {
        if (found.device != device_)
            throw UsageError(
                std::format("'{}' is not on the same file system as '{}'", change.path, state_path))
                .hint("a transaction moves files into place, and a move cannot leave a file system");
        step.action = action;
        step.path = change.path;
        return step;
    }

    /// Only of a regular file that is, byte for byte, what a package brought.
    static crypto::Hash content_to_keep(const PathChange& change, const Finding& found) {
        if (found.state != State::as_before || change.before.content == nullptr) return {};
        return change.before.content->content;
    }

    static Attributes attributes_of(const Finding& found) { return {found.mode, found.uid, found.gid}; }

    /// What somebody has changed at a directory stays, unless the package changes it too.
    void correct_attributes(const PathChange& change, const Finding& found) {
        const FileEntry& entry = *change.after.entry;
        Attributes wanted = attributes_of(found);
        wanted.mode = entry.mode;
        if (owners_ == Owners::exact) {
            wanted.uid = entry.uid;
            wanted.gid = entry.gid;
        }
        if (wanted == attributes_of(found)) return;
        if (change.before.is_directory() && *change.before.entry == entry) return;
        attributes_.push_back(
            step(Action::attributes, change, found, {.before = attributes_of(found), .after = wanted}));
    }

    /// A directory can give way to a file when all that is in it goes too.
    bool is_going_away(const PathChange& directory, const Finding& found) const {
        return std::ranges::all_of(found.names, [&](const std::string& name) {
            const std::string path = directory.path + "/" + name;
            const auto change = std::ranges::lower_bound(changes_.paths, path, {}, &PathChange::path);
            if (change == changes_.paths.end() || change->path != path || change->after) return false;
            const Finding& child = findings_[static_cast<std::size_t>(change - changes_.paths.begin())];
            return child.is_directory || child.state == State::as_before;
        });
    }

    bool is_below_a_coming_file(std::string_view path) const {
        if (coming_files_.empty()) return false;
        while (!path.empty())
            if (coming_files_.contains(std::string(path = parent_of(path)))) return true;
        return false;
    }

    void refuse_what_is_in_the_way() const {
        if (in_the_way_.empty()) return;
        UsageError error(std::format("{} in the root in the way that no package has put there",
                                     in_the_way_.size() == 1
                                         ? "there is something"
                                         : std::format("there are {} things", in_the_way_.size())));
        for (const std::string& path : in_the_way_ | std::views::take(most_named)) error.detail("path", path);
        throw std::move(error).hint("move it away, or remove it when nobody needs it");
    }

    /// Where the file of hard links stays as somebody has changed it, the first of the links becomes the
    /// file.
    void link_to_placed_files() {
        for (std::size_t source = 0; source < added_.size(); ++source) {
            const archive::FileTree& files = added_[source]->head().files;
            package::Places& places = plan_.places[source];
            for (std::size_t i = 0; i < places.size(); ++i) {
                if (places[i].empty() || files.entries[i].kind != Kind::hard_link) continue;
                const FileEntry* file = files.find(files.entries[i].target);
                std::string& target = places[static_cast<std::size_t>(file - files.entries.data())];
                if (target.empty()) target.swap(places[i]);
            }
        }
    }

    void count_contents() {
        for (std::size_t source = 0; source < added_.size(); ++source)
            for (std::size_t i = 0; i < plan_.places[source].size(); ++i)
                if (!plan_.places[source][i].empty())
                    plan_.content_size += added_[source]->head().files.entries[i].size;
    }

    /// What comes stands before what goes, so that programs that run meanwhile find one or the other; what is
    /// in a directory goes before it.
    void join_steps() {
        std::ranges::reverse(early_removals_);
        std::ranges::reverse(removals_);
        std::vector<Step>& steps = plan_.journal.steps;
        for (std::vector<Step>* part : {&early_removals_, &additions_, &removals_, &attributes_})
            std::ranges::move(*part, std::back_inserter(steps));
        plan_.journal.transaction = changes_.result.transaction;
    }

    Changes& changes_;
    std::span<const VerifiedHead* const> added_;
    std::span<const Finding> findings_;
    std::uint64_t device_;
    Owners owners_;
    Plan plan_;
    std::uint64_t next_item_ = 0;
    std::vector<Step> early_removals_;  // of directories that become files
    std::vector<Step> additions_;
    std::vector<Step> removals_;
    std::vector<Step> attributes_;
    std::vector<std::string> in_the_way_;
    std::unordered_map<std::string, std::string> new_directories_;  // path and place
    std::unordered_set<std::string> coming_files_;                  // paths that were directories
};

std::string describe(const PackageChange& change) {
    if (!change.from) return std::format("install {} {}\n", change.name, change.to->version);
    if (!change.to) return std::format("remove {} {}\n", change.name, change.from->version);
    const auto order = compare_versions(change.from->version, change.to->version);
    return std::format("{} {} {} -> {}\n",
                       order < 0   ? "upgrade"
                       : order > 0 ? "downgrade"
                                   : "replace",
                       change.name, change.from->version, change.to->version);
}

}  // namespace

Plan make_plan(Changes changes, std::span<const VerifiedHead* const> added, std::span<const Finding> findings,
               std::uint64_t state_device, Owners owners) {
    CHECK(changes.paths.size() == findings.size());
    return Planner(changes, added, findings, state_device, owners).run();
}

std::string describe(const Plan& plan) {
    std::string text;
    for (const PackageChange& change : plan.changes.packages) text += describe(change);
    std::size_t written = 0;
    for (const package::Places& places : plan.places)
        written += static_cast<std::size_t>(
            std::ranges::count_if(places, [](const std::string& place) { return !place.empty(); }));
    const auto removed = std::ranges::count_if(plan.journal.steps, [](const Step& step) {
        return step.action == Action::remove || step.action == Action::remove_directory;
    });
    text += std::format("entries to write: {} ({}), to remove: {}\n", written,
                        format_bytes(plan.content_size), removed);
    for (const std::string& path : plan.kept) text += std::format("changed locally, kept: {}\n", path);
    return text;
}

}  // namespace cairn::rootfs
