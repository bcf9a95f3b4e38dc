#include "installer/update/look.h"

#include <algorithm>

#include "images/payload/verity_tree.h"
#include "installer/disks/verity.h"
#include "installer/slots/boot_file_root.h"

namespace cairn::update {

namespace {

std::optional<disks::VeritySuperblock> read_idle_superblock(const Device& device) {
    const OpenSlot idle = device.machine.open_slot(device.running.idle_slot(), Access::read_only);
    payload::Bytes block(block_size);
    if (!idle.slot.verity.try_read(0, block)) return std::nullopt;
    return disks::find_verity_superblock(block);
}

std::optional<OtherVersion> find_other(const Device& device, const slots::BootFiles& boot_files,
                                       const std::vector<slots::BootFile>& files) {
    const auto superblock = read_idle_superblock(device);
    if (!superblock) return std::nullopt;
    for (const slots::BootFile& file : files) {
        if (file.image == device.running.image || file.kind == slots::BootFileKind::unfinished) continue;
        const auto root = slots::find_root_of_boot_file(boot_files.open(file).get(), file.file);
        if (!root || disks::RootHash::parse(*root).first_half() != superblock->uuid) continue;
        return OtherVersion{.image = file.image,
                            .root_hash = crypto::parse_hash(*root),
                            .is_good = slots::find_known_good(files, file.image).has_value()};
    }
    return std::nullopt;
}

}  // namespace

DeviceLook look_at_device(const Device& device, const slots::BootFiles& boot_files) {
    DeviceLook look = {.files = boot_files.list()};
    look.other = find_other(device, boot_files, look.files);
    slots::SlotContents contents = {.running = device.running.image};
    if (look.other) contents.idle = look.other->image;
    look.state = slots::derive_update_state(look.files, contents);
    return look;
}

}  // namespace cairn::update
