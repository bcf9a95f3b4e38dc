#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "installer/slots/boot_files.h"
#include "installer/slots/boot_record.h"

/// What follows from boot files and boot record: pure decisions about a version on trial, one that failed it,
/// and one that was good and no longer comes up. Whoever asks carries the answer out with `BootFiles`.
///
///     on trial --a boot begins--> plan_try: go_on | rename, go on | give_up: remove its file, reboot
///     on trial --found good-----> BootFiles::mark_good; the record says `good`
///     on trial --no tries left--> the loader starts the older version: find_failed_trial, plan_fallback:
///                                 deny | hold; then its file is removed and the record says `fallback`
///     good ------a boot begins--> find_reason_to_give_up: remove its file, reboot | go on
///     good ------an operator----> plan_rollback: deny it, remove its file, reboot
///
/// The record's event comes before the change that it speaks of, except `good` and `fallback`, which come
/// after: a step that was stopped is then found undone and is done again.
namespace cairn::slots {

/// Boots that began with this root since its newest `trial` event, or since the record begins.
std::size_t count_attempts(std::span<const BootEvent> record, std::string_view root_hash);

// ---- a boot of a version on trial begins

enum class TryStep {
    go_on,    // the loader has counted this boot
    rename,   // it could not: rename the file, then go on
    give_up,  // all tries are used up and it was started all the same: remove its file and reboot
};
struct TryPlan {
    TryStep step = TryStep::go_on;
    layout::TryCounter tries = {};  // for `rename`
    friend bool operator==(const TryPlan&, const TryPlan&) = default;
};
/// `found` is the counter of the file's name now, `attempts` counts this boot too. A version with nothing
/// behind it is never given up.
TryPlan plan_try(const layout::TryCounter& found, std::size_t attempts, bool has_good_behind);

// ---- the older version came up instead

struct FailedTrial {
    ImageVersion image;
    std::string root_hash = {};     // "" when the record does not tell
    std::size_t tries = 0;          // boots that the counter or the record shows
    std::size_t attempts = 0;       // those of them that reached init
    std::string last_failure = {};  // what init or a health check wrote, "" when nothing
    friend bool operator==(const FailedTrial&, const FailedTrial&) = default;
};
/// The trial that ended without a good boot and that nobody has judged yet; seen from `running`.
std::optional<FailedTrial> find_failed_trial(std::span<const BootFile> files,
                                             std::span<const BootEvent> record, const ImageVersion& running);

enum class Ban {
    denied,  // not offered again until somebody clears it
    held,    // not offered until the running version is good
};
struct Fallback {
    Ban ban = Ban::denied;
    std::string cause;  // in words, for the deny list, the record and people
    friend bool operator==(const Fallback&, const Fallback&) = default;
};
/// `older_failure`: why the version that runs now fails the same checks; empty when it passes them.
Fallback plan_fallback(const FailedTrial& trial, const std::optional<std::string>& older_failure);

// ---- a version known to be good

/// Boots in a row that never reached the API before a good version is given up.
inline constexpr std::size_t most_lost_boots = 5;

/// So many boots with this root in a row, up to the newest, never reached the API. `this_boot` is the
/// record's id of the boot under way, which has had no chance yet.
std::size_t count_lost_boots(std::span<const BootEvent> record, std::string_view root_hash,
                             std::string_view this_boot);

/// Why the running version, known to be good, should remove its own file and let the other good one start.
/// Empty: it goes on. `root_failure` says why its root cannot be opened.
std::optional<std::string> find_reason_to_give_up(std::span<const BootFile> files,
                                                  std::span<const BootEvent> record,
                                                  const ImageVersion& running, std::string_view root_hash,
                                                  std::string_view this_boot,
                                                  const std::optional<std::string>& root_failure);

struct RollbackPlan {
    ImageVersion leaves;      // to be denied «by operator», then removed
    ImageVersion returns_to;  // starts next
    friend bool operator==(const RollbackPlan&, const RollbackPlan&) = default;
};
/// Throws UsageError when no other version known to be good has a boot file.
RollbackPlan plan_rollback(std::span<const BootFile> files, const ImageVersion& running);

}  // namespace cairn::slots
