#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <ranges>

#include "pkg/base/error.h"
#include "pkg/rootfs/journal.h"

namespace cairn::rootfs {
namespace {

std::string new_item(const Step& step) {
    return std::format("new/{}", step.item);
}
std::string old_item(const Step& step) {
    return std::format("old/{}", step.item);
}

/// Directories with something in them stay: it is not ours. So do those that are gone already.
void remove_directory_if_empty(const Dir& root, const std::string& path) {
    try {
        root.remove_directory(path);
    } catch (const SystemError& error) {
        const int number = error.error_number();
        if (number != ENOTEMPTY && number != EEXIST && number != ENOENT && number != ENOTDIR) throw;
    }
}

}  // namespace

/// True when both are there and one and the same.
bool Switch::is_same(const std::string& path, const std::string& item) const {
    const auto one = root_.find_status(path);
    const auto other = work_.find_status(item);
    return one && other && one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

void Switch::set_attributes(const std::string& path, const Attributes& attributes) const {
    const Dir directory = root_.open_directory(path);
    // Owner first: changing it clears mode bits.
    if (has_owners_ && ::fchown(directory.fd(), attributes.uid, attributes.gid) != 0)
        throw SystemError(std::format("cannot give '{}' to {}:{}", path, attributes.uid, attributes.gid));
    if (::fchmod(directory.fd(), attributes.mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", path));
}

void Switch::apply(const Step& step) const {
    switch (step.action) {
        case Action::tree:
        case Action::put:
            // No longer among the new ones: done before.
            if (work_.find_status(new_item(step)))
                work_.move_to(new_item(step), root_, step.path, Dir::Overwrite::never);
            return;
        case Action::replace:
            if (!work_.find_status(new_item(step))) return;
            // Somebody may have replaced or removed it since the plan was made: that is theirs.
            if (!is_same(step.path, old_item(step)))
                throw Error(std::format("'{}' was changed by somebody else meanwhile", step.path));
            work_.move_to(new_item(step), root_, step.path, Dir::Overwrite::allowed);
            return;
        case Action::remove:
            if (is_same(step.path, old_item(step))) root_.remove_file(step.path);
            return;
        case Action::remove_directory:
            remove_directory_if_empty(root_, step.path);
            return;
        case Action::attributes:
            set_attributes(step.path, step.after);
            return;
    }
}

void Switch::revert(const Step& step) const {
    switch (step.action) {
        case Action::tree:
        case Action::put:
            // Still among the new ones: never done.
            if (!work_.find_status(new_item(step)) && root_.find_status(step.path))
                root_.move_to(step.path, work_, new_item(step), Dir::Overwrite::never);
            return;
        case Action::replace:
            if (work_.find_status(new_item(step))) return;
            if (work_.find_status(old_item(step)))
                work_.move_to(old_item(step), root_, step.path, Dir::Overwrite::allowed);
            return;
        case Action::remove:
            if (!root_.find_status(step.path) && work_.find_status(old_item(step)))
                work_.move_to(old_item(step), root_, step.path, Dir::Overwrite::never);
            return;
        case Action::remove_directory:
            root_.make_directory(step.path, 0700);
            set_attributes(step.path, step.before);
            return;
        case Action::attributes:
            if (root_.find_status(step.path)) set_attributes(step.path, step.before);
            return;
    }
}

void Switch::go_forward(const Journal& journal) const {
    for (const Step& step : journal.steps) apply(step);
}

void Switch::turn_back(const Journal& journal) const {
    for (const Step& step : journal.steps | std::views::reverse) revert(step);
}

}  // namespace cairn::rootfs
