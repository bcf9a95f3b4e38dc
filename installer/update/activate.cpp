#include "installer/update/activate.h"

#include <fcntl.h>

#include <algorithm>
#include <format>

#include "installer/api/errors.h"
#include "installer/update/slot_check.h"
#include "installer/update/wanted.h"
#include "pkg/base/error.h"

namespace cairn::update {

namespace {

slots::ImageVersion require_step(const slots::UpdateState& state, slots::UpdateStep step,
                                 std::string_view job) {
    if (!state.is_running_good)
        throw api::Conflict(std::format("cannot {}: the running version is not known to be good", job))
            .hint("wait until this boot was found good");
    if (state.step != step)
        throw api::Conflict(std::format("cannot {}: no update is {}", job, to_text(step)))
            .detail("state", std::string(to_text(state.step)));
    return *state.image;
}

void verify_boot_file(const slots::BootFiles& files, const DeviceLook& look, const slots::ImageVersion& image,
                      const payload::ImageDescription& wanted) {
    const auto staged = std::ranges::find_if(look.files, [&](const slots::BootFile& file) {
        return file.image == image && file.kind == slots::BootFileKind::staged;
    });
    CHECK(staged != look.files.end());
    const Fd fd = files.open(*staged);
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);  // the disk is read, not what we remember of it
    if (const crypto::Hash found = crypto::hash_file_sha256(fd.get(), staged->file);
        found != wanted.boot_file.sha256)
        throw VerifyError(std::format("cannot use boot file '{}': hash does not match", staged->file))
            .detail("expected", wanted.boot_file.sha256.to_hex())
            .detail("found", found.to_hex())
            .hint("prepare the update again");
}

/// Read before the ESP is mounted to be written: this takes a while.
payload::ImageDescription verify_staged_root(const Device& device) {
    const slots::ImageVersion image = [&] {
        const auto esp = device.machine.open_esp(Access::read_only);
        return require_step(look_at_device(device, esp->boot_files()).state, slots::UpdateStep::staged,
                            "activate");
    }();
    TrustedTargets trusted(device.trust, device.now());
    payload::ImageDescription wanted = read_wanted_image(trusted, device.running, image.version);
    check_may_follow(device, trusted, wanted);
    verify_slot(device.machine.open_slot(device.running.idle_slot(), Access::read_only).slot, wanted.payload);
    return wanted;
}

}  // namespace

slots::ImageVersion activate_update(const Device& device, const TryRoot& try_root) {
    const payload::ImageDescription wanted = verify_staged_root(device);
    if (try_root)
        try_root(device.machine.open_root(device.running.idle_slot(), wanted.payload.root_hash)->top());
    const auto esp = device.machine.open_esp(Access::read_write);
    slots::BootFiles& files = esp->boot_files();
    const DeviceLook look = look_at_device(device, files);
    const slots::ImageVersion image = require_step(look.state, slots::UpdateStep::staged, "activate");
    verify_boot_file(files, look, image, wanted);
    // The switch: `trial` into the record, then one rename.
    slots::start_trial(device.boot_state(files), image, wanted.payload.root_hash.to_hex());
    esp->close();
    return image;
}

void deactivate_update(const Device& device) {
    const auto esp = device.machine.open_esp(Access::read_write);
    slots::BootFiles& files = esp->boot_files();
    const DeviceLook look = look_at_device(device, files);
    const slots::ImageVersion image = require_step(look.state, slots::UpdateStep::ready, "deactivate");
    if (const auto trial = slots::find_on_trial(look.files, image); trial->counter->done != 0)
        throw api::Conflict(
            std::format("cannot deactivate '{}': it was tried already", slots::to_text(image)));
    files.take_back(image);
    esp->close();
}

slots::RollbackPlan roll_back(const Device& device) {
    const auto esp = device.machine.open_esp(Access::read_write);
    slots::BootFiles& files = esp->boot_files();
    const DeviceLook look = look_at_device(device, files);
    if (!look.other || !look.other->is_good)
        throw api::Conflict(
            std::format("cannot roll back from '{}': no other version known to be good is on "
                        "this disk",
                        slots::to_text(device.running.image)));
    const slots::RollbackPlan plan = slots::plan_rollback(look.files, device.running.image);
    if (plan.returns_to != look.other->image)
        throw api::Conflict(
            std::format("cannot roll back: the loader would start '{}', and '{}' is in the slot",
                        slots::to_text(plan.returns_to), slots::to_text(look.other->image)));
    slots::apply_rollback(device.boot_state(files), plan);
    esp->close();
    return plan;
}

}  // namespace cairn::update
