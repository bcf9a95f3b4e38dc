#include "installer/stick/watch.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::stick {

Watch::Watch(Mounter& mounter, std::filesystem::path system_disk, Say say)
    : mounter_(mounter), system_disk_(std::move(system_disk)), say_(std::move(say)) {}

void Watch::look(std::span<const disks::DiskNode> disks) {
    const Choice choice = choose_places(disks, system_disk_);
    forget(choice);
    if (mounted_ && !std::ranges::contains(choice.places, *mounted_)) {
        mounter_.unmount();
        say_(std::format("'{}' is gone: its repository is unmounted", mounted_->name));
        mounted_.reset();
    }
    for (const PassedOver& one : choice.passed_over)
        say_once(one.sequence, std::format("'{}' is not used: {}", one.disk, one.why));
    for (const Place& place : choice.places) {
        if (!mounted_)
            try_place(place);
        else if (mounted_->sequence != place.sequence)
            say_once(place.sequence,
                     std::format("'{}' waits until '{}' is pulled", place.name, mounted_->name));
    }
}

void Watch::end() {
    if (!mounted_) return;
    mounter_.unmount();
    say_(std::format("the repository of '{}' is unmounted", mounted_->name));
    mounted_.reset();
}

void Watch::try_place(const Place& place) {
    if (!tried_.emplace(place.sequence, place.name).second) return;
    try {
        const std::string folder = mounter_.mount(place);
        mounted_ = place;
        say_(std::format("'{}' holds a repository{}: updates come from there now", place.name,
                         folder.empty() ? "" : std::format(" in '{}'", folder)));
    } catch (const Error& error) {
        say_(std::format("'{}' is not used: {}", place.name, replace_all(error.report(), "\n", "; ")));
    }
}

/// What was said of and tried with sticks that are no longer there.
void Watch::forget(const Choice& choice) {
    const auto is_gone = [&](const auto& entry) {
        return std::ranges::find(choice.places, entry.first, &Place::sequence) == choice.places.end() &&
               std::ranges::find(choice.passed_over, entry.first, &PassedOver::sequence) ==
                   choice.passed_over.end();
    };
    std::erase_if(tried_, is_gone);
    std::erase_if(said_, is_gone);
}

void Watch::say_once(std::uint64_t sequence, const std::string& line) {
    if (said_.emplace(sequence, line).second) say_(line);
}

}  // namespace cairn::stick
