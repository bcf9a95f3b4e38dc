#include <print>

#include "installer/slots/trial_steps.h"
#include "installer/update/slot_check.h"
#include "tests/support/stop_after.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::update {
namespace {

namespace fs = std::filesystem;
using testing::run_and_stop_after;
using testing::Stopped;

/// One world, and its files as they were before each run.
class UpdateCrashTest : public ::testing::Test {
  protected:
    UpdateWorld world_;
    TemporaryDirectory kept_ = make_fast_directory();

    static constexpr std::array kept_parts = {"esp", "update", "a.root", "a.verity", "b.root", "b.verity"};

    void keep() {
        for (const char* part : kept_parts)
            fs::copy(world_.place() / part, kept_.path() / part,
                     fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        if (fs::exists(world_.place() / "boots"))
            fs::copy(world_.place() / "boots", kept_.path() / "boots", fs::copy_options::overwrite_existing);
    }
    void put_back() {
        for (const char* part : {"esp", "update"}) fs::remove_all(world_.place() / part);
        fs::remove(world_.place() / "boots");
        for (const auto& entry : fs::directory_iterator(kept_.path()))
            fs::copy(entry.path(), world_.place() / entry.path().filename(),
                     fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }

    /// What the loader would start: the newest version with tries left, or without a counter.
    std::optional<slots::BootFile> chosen() {
        std::optional<slots::BootFile> best;
        for (const slots::BootFile& file :
             slots::BootFiles(Dir::open(world_.machine_.boot_folder())).list()) {
            const bool is_offered = file.kind == slots::BootFileKind::uncounted ||
                                    (file.kind == slots::BootFileKind::on_trial && file.counter->left > 0);
            if (is_offered && (!best || best->image.version < file.image.version)) best = file;
        }
        return best;
    }
    /// The version that comes up now: its boot file is whole, and so is its slot.
    std::string booted() {
        const auto file = chosen();
        if (!file) return "nothing to boot";
        const MadeVersion& made = file->image.version == "1.0" ? world_.v1 : world_.v2;
        const layout::Slot slot = file->image.version == "1.0" ? layout::Slot::a : layout::Slot::b;
        if (world_.boot_file(file->file) != made.boot_file) return file->file + " is not whole";
        if (!world_.holds(slot, made)) return file->file + " has no root";
        return file->image.version;
    }
    Device new_one() {
        Device device = world_.device();
        device.running.image.version = "2.0";
        device.running.root_hash = world_.v2.tree.root_hash;
        device.running.slot = layout::Slot::b;
        return device;
    }

    /// Runs `step` from the kept state, stopped after each of its writes; `check` looks at what that leaves,
    /// and the step is then done again, to its end. `stride` for steps that write hundreds of blocks.
    void stop_everywhere(const std::function<void()>& step, const std::function<void()>& check,
                         std::size_t stride = 1) {
        keep();
        const Stopped whole = run_and_stop_after(0, step);
        ASSERT_FALSE(whole.has_failed);
        std::println("{} writes", whole.steps);
        for (std::size_t after = 1; after <= whole.steps; after += stride) {
            SCOPED_TRACE(std::format("stopped after write {} of {}", after, whole.steps));
            put_back();
            EXPECT_TRUE(run_and_stop_after(after, step).was_stopped);
            check();
            EXPECT_NO_THROW(step());
            if (HasFailure()) return;
        }
    }
};

TEST_F(UpdateCrashTest, PrepareLeavesTheRunningVersionAlone) {
    world_.write_slot(layout::Slot::b, world_.v2);
    world_.prepare();  // what it begins with is a version that is staged whole
    stop_everywhere([&] { world_.prepare(); },
                    [&] {
                        EXPECT_EQ(booted(), "1.0");
                        // Staged is only what is whole: nothing else can be activated.
                        if (world_.state().step == slots::UpdateStep::staged) {
                            activate_update(world_.device());
                            EXPECT_EQ(booted(), "2.0");
                            deactivate_update(world_.device());
                        }
                    });
    EXPECT_EQ(world_.state().step, slots::UpdateStep::staged);
}

TEST_F(UpdateCrashTest, PrepareOfANewRootGoesOn) {
    stop_everywhere([&] { world_.prepare(); }, [&] { EXPECT_EQ(booted(), "1.0"); }, 7);
    EXPECT_TRUE(world_.holds(layout::Slot::b, world_.v2));
}

TEST_F(UpdateCrashTest, ActivateIsOneSwitch) {
    world_.prepare();
    stop_everywhere(
        [&] {
            if (world_.state().step == slots::UpdateStep::staged) activate_update(world_.device());
        },
        [&] { EXPECT_TRUE(booted() == "1.0" || booted() == "2.0") << booted(); });
    EXPECT_EQ(booted(), "2.0");
}

TEST_F(UpdateCrashTest, ConfirmKeepsBothVersions) {
    world_.prepare();
    activate_update(world_.device());
    fs::rename(world_.machine_.boot_folder() / "base_2.0+3-0.efi",
               world_.machine_.boot_folder() / "base_2.0+2-1.efi");
    stop_everywhere([&] { confirm_boot(new_one()); }, [&] { EXPECT_EQ(booted(), "2.0"); });
    EXPECT_THAT(world_.boot_files(), ::testing::ElementsAre("base_1.0.efi", "base_2.0.efi"));
}

}  // namespace
}  // namespace cairn::update
