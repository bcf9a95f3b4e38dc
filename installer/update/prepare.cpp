#include "installer/update/prepare.h"

#include <algorithm>
#include <format>

#include "images/payload/verity_tree.h"
#include "installer/api/errors.h"
#include "installer/slots/salvaged_files.h"
#include "installer/update/slot_check.h"
#include "installer/update/wanted.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::update {

namespace {

/// For the directory and what else the file system needs.
constexpr std::uint64_t esp_reserve = std::uint64_t{1} << 20;

[[noreturn]] void refuse(const slots::ImageVersion& image, const std::string& why, const std::string& hint) {
    throw api::Conflict(std::format("cannot prepare '{}': {}", slots::to_text(image), why)).hint(hint);
}

void check_state(const slots::ImageVersion& image, const slots::UpdateState& state) {
    if (!state.is_running_good)
        refuse(image, "the running version is not known to be good", "wait until this boot was found good");
    if (state.step == slots::UpdateStep::ready)
        refuse(image, std::format("'{}' is to be tried at the next boot", slots::to_text(*state.image)),
               "deactivate it first, or restart");
    if (state.step == slots::UpdateStep::failed)
        refuse(image,
               std::format("'{}' has failed its trial and is not judged yet", slots::to_text(*state.image)),
               "that happens as soon as the running version was found good");
}

/// A good copy is written beside the counted file before that goes.
void check_esp_room(const slots::ImageVersion& image, const DeviceLook& look, const RunningSystem& running,
                    std::uint64_t boot_file, std::uint64_t room) {
    for (const slots::BootFile& file : look.files)
        if (file.image != running.image) room += file.size;
    const std::uint64_t needed = 2 * boot_file + esp_reserve;
    if (room < needed)
        refuse(image,
               std::format("the EFI system partition has room for {}, and {} are needed", format_bytes(room),
                           format_bytes(needed)),
               "remove files from it that are none of ours");
}

void check_slot_room(const slots::ImageVersion& image, const payload::Payload& wanted, const Room& room) {
    const auto check = [&](std::string_view what, std::uint64_t has, std::uint64_t needed) {
        if (has < needed)
            refuse(image,
                   std::format("{} of the slot has {}, and {} are needed", what,
                               format_bytes(has * block_size), format_bytes(needed * block_size)),
                   "this disk was laid out for smaller versions; it has to be installed anew");
    };
    check("the root partition", room.root_blocks, wanted.data_blocks);
    check("the hash partition", room.verity_blocks,
          1 + payload::make_tree_shape(wanted.data_blocks).blocks());
}

/// Nothing is written by this.
PreparePlan look_and_plan(const Device& device, const payload::ImageDescription& wanted) {
    const auto esp = device.machine.open_esp(Access::read_only);
    const OpenSlot idle = device.machine.open_slot(device.running.idle_slot(), Access::read_only);
    return plan_prepare(device.running, look_at_device(device, esp->boot_files()), wanted,
                        {.esp_bytes = esp->free_bytes(),
                         .root_blocks = idle.slot.root.blocks(),
                         .verity_blocks = idle.slot.verity.blocks()});
}

void remove_others(const Device& device, const PreparePlan& plan) {
    const auto esp = device.machine.open_esp(Access::read_write);
    slots::remove_salvaged_files(Dir::open(esp->top()));
    for (const slots::ImageVersion& image : plan.removed) esp->boot_files().remove(image);
    esp->boot_files().clean_up();
    esp->close();
}

FillResult fill_idle_slot(const Device& device, const payload::ImageDescription& wanted,
                          net::Transport& transport,
                          const std::function<void(const PrepareProgress&)>& on_progress) {
    const OpenSlot idle = device.machine.open_slot(device.running.idle_slot(), Access::read_write);
    const OpenSlot running = device.machine.open_slot(device.running.slot, Access::read_only);
    FillRequest request = {.wanted = wanted.payload, .idle = idle.slot, .payload = "payload"};
    // Only to copy from: what does not match the new tree is fetched.
    request.running = find_source(running.slot, device.running.root_hash);
    if (on_progress)
        request.on_progress = [&](const FillProgress& progress) {
            on_progress({.step = "root",
                         .done = progress.blocks_done * block_size,
                         .total = progress.blocks * block_size});
        };
    return fill_slot(request, transport);
}

/// From the root that was just written, read through dm-verity: what is put together is what will be booted.
void stage_boot_file(const Device& device, const payload::ImageDescription& wanted,
                     const payload::BootParts& parts, const PreparePlan& plan,
                     const std::function<void(const PrepareProgress&)>& on_progress) {
    const auto root = device.machine.open_root(plan.slot, wanted.payload.root_hash);
    const auto esp = device.machine.open_esp(Access::read_write);
    esp->boot_files().stage(plan.image, [&](int fd) {
        crypto::Sha256Hasher hasher;
        std::uint64_t done = 0;
        payload::write_boot_file(
            parts,
            [&](std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) {
                root->read(file, offset, into);
            },
            [&](std::span<const std::uint8_t> bytes) {
                hasher.update(bytes);
                write_all(fd, bytes, wanted.boot_file.name);
                done += bytes.size();
                if (on_progress)
                    on_progress({.step = "boot file", .done = done, .total = wanted.boot_file.size});
            });
        if (const crypto::Hash found = hasher.finish(); found != wanted.boot_file.sha256)
            throw VerifyError(
                std::format("cannot use boot file '{}': hash does not match", wanted.boot_file.name))
                .detail("expected", wanted.boot_file.sha256.to_hex())
                .detail("found", found.to_hex());
    });
    esp->close();
}

}  // namespace

PreparePlan plan_prepare(const RunningSystem& running, const DeviceLook& look,
                         const payload::ImageDescription& wanted, const Room& room) {
    PreparePlan plan = {.image = {.name = wanted.name, .version = wanted.version},
                        .slot = running.idle_slot()};
    if (!running.has_data)
        refuse(plan.image, "there is no data partition, so nothing could be remembered of it",
               "'cairnctl status' says why");
    check_state(plan.image, look.state);
    check_slot_room(plan.image, wanted.payload, room);
    check_esp_room(plan.image, look, running, wanted.boot_file.size, room.esp_bytes);
    for (const slots::BootFile& file : look.files)
        if (file.image != running.image && !std::ranges::contains(plan.removed, file.image))
            plan.removed.push_back(file.image);
    return plan;
}

FillResult prepare_update(const Device& device, const std::string& version, net::Transport& transport,
                          const std::function<void(const PrepareProgress&)>& on_progress) {
    TrustedTargets trusted(device.trust, device.now());
    const payload::ImageDescription wanted = read_wanted_image(trusted, device.running, version);
    const payload::BootParts parts = read_boot_parts(trusted, device.running, version);
    check_may_follow(device, trusted, wanted);
    const PreparePlan plan = look_and_plan(device, wanted);

    remove_others(device, plan);
    FillResult result = fill_idle_slot(device, wanted, transport, on_progress);
    stage_boot_file(device, wanted, parts, plan, on_progress);
    return result;
}

}  // namespace cairn::update
