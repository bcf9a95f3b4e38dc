#include "installer/slots/update_state.h"

#include <gtest/gtest.h>

#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

TEST(UpdateState, IsDerivedFromFilesAndSlots) {
    struct Row {
        std::vector<std::string> files;
        SlotContents slots;
        UpdateState state;
    };
    const SlotContents alone = {.running = v1};
    const SlotContents with_2 = {.running = v1, .idle = v2};
    const Row rows[] = {
        {{"base_1.0.efi"}, alone, {.is_running_good = true}},
        {{"base_1.0+2-1.efi"}, alone, {.is_running_good = false}},
        {{"base_1.0.efi", "base_1.0+2-1.efi"}, alone, {.is_running_good = false}},
        // Prepare has written the slot, not yet the boot file; then it has; then it was stopped in between.
        {{"base_1.0.efi"}, with_2, {.is_running_good = true}},
        {{"base_1.0.efi", "base_2.0.efi.part"}, with_2, {.is_running_good = true}},
        {{"base_1.0.efi", "base_2.0.efi.staged"}, with_2, {UpdateStep::staged, v2, true, {}}},
        {{"base_1.0.efi", "base_2.0.efi.staged"}, alone, {UpdateStep::idle, {}, true, {v2}}},
        {{"base_1.0.efi", "base_2.0+3-0.efi"}, with_2, {UpdateStep::ready, v2, true, {}}},
        {{"base_1.0.efi", "base_2.0+3-0.efi", "base_2.0.efi.staged"},
         with_2,
         {UpdateStep::ready, v2, true, {}}},
        {{"base_1.0.efi", "base_2.0+1-2.efi"}, with_2, {UpdateStep::ready, v2, true, {}}},
        {{"base_1.0.efi", "base_2.0+0-3.efi"}, with_2, {UpdateStep::failed, v2, true, {}}},
        // A boot file whose root is gone must not stay.
        {{"base_1.0.efi", "base_2.0+3-0.efi"}, alone, {UpdateStep::idle, {}, true, {v2}}},
        {{"base_1.0.efi", "base_10.0.efi", "base_2.0+3-0.efi"}, with_2, {UpdateStep::ready, v2, true, {v10}}},
        // After an update: the older one, known to be good, is in the idle slot.
        {{"base_1.0.efi", "base_2.0.efi"}, with_2, {.is_running_good = true}},
    };
    int number = 0;
    for (const Row& row : rows) {
        std::vector<BootFile> files;
        for (const std::string& name : row.files) {
            files.push_back(*find_boot_file(name));
            files.back().size = 1;
        }
        EXPECT_EQ(derive_update_state(files, row.slots), row.state) << "row " << ++number;
    }
}

TEST(UpdateState, AnEmptyFileCountsForNothing) {
    const std::vector<BootFile> files = {*find_boot_file("base_1.0.efi"),
                                         *find_boot_file("base_2.0+3-0.efi")};
    EXPECT_EQ(derive_update_state(files, {.running = v1, .idle = v2}), UpdateState{});
}

}  // namespace
}  // namespace cairn::slots
