#include "installer/update/prepare.h"

#include "installer/api/errors.h"
#include "installer/slots/deny_list.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::update {
namespace {

using slots::UpdateStep;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a step is refused with; the words of both the message and its details.
template <class Kind>
std::string refusal_of(const std::function<void()>& step) {
    try {
        step();
    } catch (const Kind& error) {
        return error.report();
    }
    return {};
}

class PrepareTest : public ::testing::Test {
  protected:
    UpdateWorld world_;

    /// The state before is the state after: nothing was touched.
    template <class Kind>
    std::string refusal(const std::string& version = "2.0") {
        const auto files = world_.boot_files();
        const std::string idle = read_file(world_.machine_.file_of(layout::Slot::b, "root"));
        std::string words = refusal_of<Kind>([&] { world_.prepare(version); });
        EXPECT_EQ(world_.boot_files(), files);
        EXPECT_TRUE(read_file(world_.machine_.file_of(layout::Slot::b, "root")) == idle);
        return words;
    }
    std::filesystem::path boot_file(const std::string& name) const {
        return world_.machine_.boot_folder() / name;
    }
};

TEST_F(PrepareTest, StagesAVersionThatIsWhole) {
    const FillResult result = world_.prepare();
    EXPECT_GT(result.blocks_copied, 80U);
    EXPECT_GT(result.blocks_fetched, 30U);
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi", "base_2.0.efi.staged"));
    EXPECT_TRUE(world_.boot_file("base_2.0.efi.staged") == world_.v2.boot_file);
    EXPECT_TRUE(world_.holds(layout::Slot::b, world_.v2));
    EXPECT_TRUE(world_.holds(layout::Slot::a, world_.v1));
    EXPECT_EQ(world_.state().step, UpdateStep::staged);
}

TEST_F(PrepareTest, RemovesWhatTheSlotHeldBeforeItsBlocksGo) {
    const MadeVersion old = make_version("0.9", testing::make_root(100, 9));
    world_.write_slot(layout::Slot::b, old);
    write_file(boot_file("base_0.9.efi"), old.boot_file);
    std::filesystem::remove_all(world_.place() / "server/payload");
    EXPECT_THROW(world_.prepare(), NetworkError);  // nothing can be fetched
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi"));
    EXPECT_EQ(world_.state().step, UpdateStep::idle);
}

TEST_F(PrepareTest, CanBeDoneAgain) {
    world_.prepare();
    const FillResult again = world_.prepare();
    EXPECT_EQ(again.blocks_fetched + again.blocks_copied, 0U);
    EXPECT_EQ(world_.state().step, UpdateStep::staged);
}

TEST_F(PrepareTest, RefusesWhileTheRunningVersionIsOnTrial) {
    std::filesystem::rename(boot_file("base_1.0.efi"), boot_file("base_1.0+2-1.efi"));
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("not known to be good"));
}

TEST_F(PrepareTest, RefusesWhileAnotherIsOnItsWay) {
    world_.prepare();
    std::filesystem::rename(boot_file("base_2.0.efi.staged"), boot_file("base_2.0+3-0.efi"));
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("is to be tried at the next boot"));
    std::filesystem::rename(boot_file("base_2.0+3-0.efi"), boot_file("base_2.0+0-3.efi"));
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("is not judged yet"));
}

TEST_F(PrepareTest, RefusesWhatMayNotFollow) {
    EXPECT_THAT(refusal<api::Conflict>("1.0"), HasSubstr("runs already"));
    EXPECT_THAT(refusal<Error>("3.0"), HasSubstr("the repository has no"));
    EXPECT_THAT(refusal<UsageError>("../2.0"), HasSubstr("is no version"));

    slots::DenyList list;
    list.add({.image = {"base", "2.0"}, .cause = "it hangs"});
    list.write(world_.device().deny_list);
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("it hangs"));
}

TEST_F(PrepareTest, RefusesWhatIsBelowTheFloor) {
    world_.set_in_updates("version_floor", "2.1");
    world_.publish_next();
    world_.fetch();
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("too old"));
    world_.set_in_updates("version_floor", "1.0");
    world_.publish_next();
    world_.fetch();
    Device device = world_.device();
    device.running.version_floor = "2.0.1";
    FolderTransport transport(world_.place() / "server");
    EXPECT_THAT(refusal_of<api::Conflict>([&] { prepare_update(device, "2.0", transport); }),
                HasSubstr("2.0.1"));
}

TEST_F(PrepareTest, RefusesAnotherImageOrArchitecture) {
    world_.offer(world_.v2, [](Json& image) { image["architecture"] = "aarch64"; });
    world_.publish_next();
    world_.fetch();
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("another architecture"));
    world_.offer(world_.v2, [](Json& image) {
        image["name"] = "other";
        image["boot_file"]["name"] = "other_2.0.efi";
    });
    world_.publish_next();
    world_.fetch();
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("another image"));
}

TEST_F(PrepareTest, RefusesWhatDoesNotFit) {
    world_.machine_.esp_free = world_.v2.boot_file.size();
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("the EFI system partition has room for"));
    world_.machine_.esp_free = 1 << 30;
    write_file(world_.machine_.file_of(layout::Slot::b, "root"), std::string(100 * block_size, 'x'));
    EXPECT_THAT(refusal<api::Conflict>(), HasSubstr("the root partition of the slot"));
}

TEST_F(PrepareTest, RefusesWithoutADataPartition) {
    Device device = world_.device();
    device.running.has_data = false;
    FolderTransport transport(world_.place() / "server");
    EXPECT_THAT(refusal_of<api::Conflict>([&] { prepare_update(device, "2.0", transport); }),
                HasSubstr("no data partition"));
}

TEST_F(PrepareTest, StagesNoBootFileOfAnotherHash) {
    world_.offer(world_.v2, [](Json& image) { image["boot_file"]["sha256"] = std::string(64, 'a'); });
    world_.publish_next();
    world_.fetch();
    EXPECT_THAT(refusal_of<VerifyError>([&] { world_.prepare(); }), HasSubstr("hash does not match"));
    EXPECT_EQ(world_.state().step, UpdateStep::idle);
    for (const std::string& name : world_.boot_files()) EXPECT_FALSE(name.ends_with(".staged")) << name;
}

}  // namespace
}  // namespace cairn::update
