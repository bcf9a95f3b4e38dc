#include "installer/slots/update_state.h"

#include <algorithm>

namespace cairn::slots {

namespace {

UpdateStep derive_step(std::span<const BootFile> files, const ImageVersion& image) {
    const auto trial = find_on_trial(files, image);
    if (trial && trial->size != 0) return trial->counter->left == 0 ? UpdateStep::failed : UpdateStep::ready;
    const bool is_staged = std::ranges::any_of(files, [&](const BootFile& file) {
        return file.image == image && file.kind == BootFileKind::staged && file.size != 0;
    });
    return is_staged ? UpdateStep::staged : UpdateStep::idle;
}

}  // namespace

std::string_view to_text(UpdateStep step) {
    switch (step) {
        case UpdateStep::idle:
            return "idle";
        case UpdateStep::staged:
            return "staged";
        case UpdateStep::ready:
            return "ready";
        case UpdateStep::failed:
            return "failed";
    }
    return "";
}

UpdateState derive_update_state(std::span<const BootFile> files, const SlotContents& slots) {
    UpdateState state = {.is_running_good = find_known_good(files, slots.running).has_value()};
    for (const BootFile& file : files)
        if (file.image != slots.running && file.image != slots.idle &&
            !std::ranges::contains(state.leftovers, file.image))
            state.leftovers.push_back(file.image);
    if (!slots.idle || *slots.idle == slots.running || find_known_good(files, *slots.idle)) return state;
    state.step = derive_step(files, *slots.idle);
    if (state.step != UpdateStep::idle) state.image = slots.idle;
    return state;
}

}  // namespace cairn::slots
