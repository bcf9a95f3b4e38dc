#include "initfs/init/trial.h"

#include <algorithm>

namespace cairn::init {

namespace {

using slots::BootFile;

/// The loader names the file that it started; what it is called now is on the ESP.
std::optional<BootFile> find_running_file(const BootFacts& facts) {
    const auto named = slots::find_boot_file(facts.loader.boot_file);
    if (!named) return std::nullopt;
    if (auto trial = slots::find_on_trial(facts.files, named->image)) return trial;
    if (auto good = slots::find_known_good(facts.files, named->image)) return good;
    return named;
}

std::size_t count_tries(const BootFacts& facts, const layout::TryCounter& found) {
    const std::size_t attempts = slots::count_attempts(facts.record, facts.root_hash);
    // Without a record only the loader's word is left: it says nothing when it could not rename.
    if (facts.record.empty() && !facts.loader.counter) return std::size_t{found.done} + 1;
    return attempts;
}

}  // namespace

std::optional<layout::TryCounter> TrialPlan::tries() const {
    if (!is_on_trial || !file) return std::nullopt;
    return step.step == slots::TryStep::rename ? step.tries : file->counter;
}

std::string TrialPlan::file_name() const {
    if (!file) return {};
    if (!is_on_trial || !tries()) return file->file;
    return layout::to_text({.name = file->image.name, .version = file->image.version, .counter = tries()});
}

TrialPlan plan_trial(const BootFacts& facts, const std::optional<std::string>& root_failure) {
    TrialPlan plan = {.file = find_running_file(facts)};
    if (!plan.file) return plan;
    plan.is_on_trial = plan.file->counter.has_value();
    if (plan.is_on_trial && !facts.files.empty()) {
        const bool has_good_behind = !slots::known_good_besides(facts.files, plan.file->image).empty();
        plan.step =
            slots::plan_try(*plan.file->counter, count_tries(facts, *plan.file->counter), has_good_behind);
    } else if (!plan.is_on_trial) {
        plan.reason_to_leave = slots::find_reason_to_give_up(facts.files, facts.record, plan.file->image,
                                                             facts.root_hash, facts.boot, root_failure);
    }
    return plan;
}

}  // namespace cairn::init
