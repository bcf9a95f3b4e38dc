#include "installer/slots/trial_steps.h"

#include "installer/slots/deny_list.h"

namespace cairn::slots {

namespace {

void record(const BootState& state, BootEventKind kind, const ImageVersion& image,
            const std::string& root_hash, const std::string& message) {
    append_boot_event(state.record,
                      {.boot = state.boot,
                       .time = state.time,
                       .kind = kind,
                       .root_hash = root_hash,
                       .boot_file = layout::to_text({.name = image.name, .version = image.version}),
                       .message = message});
}

void deny(const BootState& state, const ImageVersion& image, Ban ban, const std::string& cause) {
    DenyList list = DenyList::read(state.deny_list);
    list.add({.image = image, .ban = ban, .cause = cause, .time = state.time});
    list.write(state.deny_list);
}

}  // namespace

void start_trial(const BootState& state, const ImageVersion& image, const std::string& root_hash) {
    const auto trial = find_on_trial(state.files.list(), image);
    if (!trial || trial->size == 0) record(state, BootEventKind::trial, image, root_hash, {});
    state.files.put_on_trial(image);
}

void apply_try(const BootState& state, const ImageVersion& image, const TryPlan& plan) {
    switch (plan.step) {
        case TryStep::go_on:
            return;
        case TryStep::rename:
            return state.files.set_tries(image, plan.tries);
        case TryStep::give_up:
            return state.files.remove(image);
    }
}

void confirm(const BootState& state, const ImageVersion& image, const std::string& root_hash) {
    state.files.mark_good(image);
    DenyList list = DenyList::read(state.deny_list);
    const DenyList before = list;
    list.lift_holds();
    if (list != before) list.write(state.deny_list);
    record(state, BootEventKind::good, image, root_hash, {});
}

void apply_fallback(const BootState& state, const FailedTrial& trial, const Fallback& fallback) {
    deny(state, trial.image, fallback.ban, fallback.cause);
    state.files.remove(trial.image);
    record(state, BootEventKind::fallback, trial.image, trial.root_hash, fallback.cause);
}

void apply_rollback(const BootState& state, const RollbackPlan& plan) {
    deny(state, plan.leaves, Ban::denied, std::string(by_operator));
    state.files.remove(plan.leaves);
}

void give_up(const BootState& state, const ImageVersion& image, const std::string& root_hash,
             const std::string& cause) {
    record(state, BootEventKind::failure, image, root_hash, cause);
    state.files.remove(image);
}

}  // namespace cairn::slots
