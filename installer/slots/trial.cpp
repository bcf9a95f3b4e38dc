#include "installer/slots/trial.h"

#include <algorithm>
#include <format>
#include <ranges>

#include "pkg/base/error.h"

namespace cairn::slots {

namespace {

constexpr std::size_t all_tries = layout::first_tries.left;

std::optional<ImageVersion> find_image(const BootEvent& event) {
    const auto file = find_boot_file(event.boot_file);
    return file ? std::optional(file->image) : std::nullopt;
}

bool has_file_for_later(std::span<const BootFile> files, const ImageVersion& image) {
    const auto trial = find_on_trial(files, image);
    if (trial && trial->size != 0) return trial->counter->left > 0;
    return std::ranges::any_of(files, [&](const BootFile& file) {
        return file.image == image && file.kind == BootFileKind::staged && file.size != 0;
    });
}

/// What the record says since the newest `trial`, if that trial is still to be judged.
std::optional<FailedTrial> find_recorded_trial(std::span<const BootEvent> record) {
    const auto reversed = record | std::views::reverse;
    const auto newest = std::ranges::find(reversed, BootEventKind::trial, &BootEvent::kind);
    if (newest == reversed.end()) return std::nullopt;
    const auto image = find_image(*newest);
    if (!image) return std::nullopt;
    FailedTrial trial = {.image = *image,
                         .root_hash = newest->root_hash,
                         .attempts = count_attempts(record, newest->root_hash)};
    for (const BootEvent& event : std::ranges::subrange(newest.base(), record.end())) {
        if (event.root_hash != trial.root_hash) continue;
        if (event.kind == BootEventKind::good || event.kind == BootEventKind::fallback) return std::nullopt;
        if (event.kind == BootEventKind::failure) trial.last_failure = event.message;
    }
    return trial;
}

/// The record may have been lost with the data partition; the counter still tells.
std::optional<FailedTrial> find_counted_trial(std::span<const BootFile> files, const ImageVersion& running) {
    for (const BootFile& file : files)
        if (file.kind == BootFileKind::on_trial && file.image != running &&
            find_on_trial(files, file.image)->counter->left == 0)
            return FailedTrial{.image = file.image};
    return std::nullopt;
}

std::string describe_tries(const FailedTrial& trial) {
    if (trial.tries == 0) return "its boot file is gone before a first try";
    const auto boots = [](std::size_t count) {
        return std::format("{} boot{}", count, count == 1 ? "" : "s");
    };
    if (trial.attempts == 0) return std::format("in {} the kernel never reached init", boots(trial.tries));
    if (trial.attempts < trial.tries)
        return std::format("in {} of {} the kernel never reached init", trial.tries - trial.attempts,
                           boots(trial.tries));
    return std::format("{} did not become good", boots(trial.tries));
}

}  // namespace

std::size_t count_attempts(std::span<const BootEvent> record, std::string_view root_hash) {
    std::size_t count = 0;
    for (const BootEvent& event : record | std::views::reverse) {
        if (event.root_hash != root_hash) continue;
        if (event.kind == BootEventKind::trial) break;
        if (event.kind == BootEventKind::attempt) ++count;
    }
    return count;
}

TryPlan plan_try(const layout::TryCounter& found, std::size_t attempts, bool has_good_behind) {
    const std::size_t used = std::max<std::size_t>(found.done, attempts);
    if (used > all_tries && has_good_behind) return {.step = TryStep::give_up};
    if (attempts <= found.done || used > all_tries) return {.step = TryStep::go_on};
    return {.step = TryStep::rename,
            .tries = {.left = static_cast<std::uint32_t>(all_tries - used),
                      .done = static_cast<std::uint32_t>(used)}};
}

std::optional<FailedTrial> find_failed_trial(std::span<const BootFile> files,
                                             std::span<const BootEvent> record, const ImageVersion& running) {
    auto trial = find_recorded_trial(record);
    if (const auto counted = find_counted_trial(files, running);
        counted && (!trial || trial->image != counted->image))
        trial = counted;
    if (!trial || trial->image == running || has_file_for_later(files, trial->image) ||
        find_known_good(files, trial->image))
        return std::nullopt;
    const auto file = find_on_trial(files, trial->image);
    trial->tries = std::max<std::size_t>(file ? file->counter->done : 0, trial->attempts);
    // Recorded, but never put on trial: power failed in between, or prepare took its file away.
    if (trial->tries == 0 && !file) return std::nullopt;
    return trial;
}

Fallback plan_fallback(const FailedTrial& trial, const std::optional<std::string>& older_failure) {
    std::string cause = describe_tries(trial);
    if (!trial.last_failure.empty()) cause += ": " + trial.last_failure;
    if (!older_failure) return {.ban = Ban::denied, .cause = cause};
    return {.ban = Ban::held,
            .cause = std::format("fails in both: {}; the older version: {}", cause, *older_failure)};
}

std::size_t count_lost_boots(std::span<const BootEvent> record, std::string_view root_hash,
                             std::string_view this_boot) {
    std::size_t lost = 0;
    for (const BootEvent& event : record | std::views::reverse) {
        if (event.boot == this_boot) continue;
        if (event.root_hash != root_hash || event.kind == BootEventKind::good ||
            event.kind == BootEventKind::reached)
            break;
        if (event.kind == BootEventKind::attempt) ++lost;
    }
    return lost;
}

std::optional<std::string> find_reason_to_give_up(std::span<const BootFile> files,
                                                  std::span<const BootEvent> record,
                                                  const ImageVersion& running, std::string_view root_hash,
                                                  std::string_view this_boot,
                                                  const std::optional<std::string>& root_failure) {
    if (!find_known_good(files, running) || known_good_besides(files, running).empty()) return std::nullopt;
    if (root_failure) return "its root cannot be opened: " + *root_failure;
    const std::size_t lost = count_lost_boots(record, root_hash, this_boot);
    if (lost < most_lost_boots) return std::nullopt;
    return std::format("{} boots in a row never reached the API", lost);
}

RollbackPlan plan_rollback(std::span<const BootFile> files, const ImageVersion& running) {
    const auto others = known_good_besides(files, running);
    if (others.empty())
        throw UsageError(
            std::format("cannot roll back from '{}': no other version known to be good is on this disk",
                        to_text(running)));
    return {.leaves = running, .returns_to = others.back()};
}

}  // namespace cairn::slots
