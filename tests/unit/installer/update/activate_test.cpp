#include "installer/update/activate.h"

#include "installer/api/errors.h"
#include "installer/slots/deny_list.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::update {
namespace {

using slots::UpdateStep;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void flip(const std::filesystem::path& file, std::uint64_t offset) {
    const Fd fd = open_file(file, O_RDWR);
    std::array<std::uint8_t, 1> byte = {};
    read_exactly_at(fd.get(), byte, offset, file);
    byte[0] ^= 1;
    write_all_at(fd.get(), byte, offset, file);
}

class ActivateTest : public ::testing::Test {
  protected:
    UpdateWorld world_;

    std::filesystem::path boot_file(const std::string& name) const {
        return world_.machine_.boot_folder() / name;
    }
    void expect_still_staged() {
        EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi", "base_2.0.efi.staged"));
    }
    void expect_refused_and_still_staged() {
        EXPECT_THROW(activate_update(world_.device()), Error);
        expect_still_staged();
    }
};

TEST_F(ActivateTest, PutsTheStagedVersionOnTrialAndRecordsIt) {
    world_.prepare();
    EXPECT_EQ(activate_update(world_.device()), (slots::ImageVersion{"base", "2.0"}));
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi", "base_2.0+3-0.efi"));
    EXPECT_EQ(world_.state().step, UpdateStep::ready);
    const auto record = slots::read_boot_record(world_.device().record);
    ASSERT_EQ(record.size(), 1U);
    EXPECT_EQ(record[0].kind, slots::BootEventKind::trial);
    EXPECT_EQ(record[0].root_hash, world_.v2.root_hash());
}

TEST_F(ActivateTest, RefusesARootThatItsCallerDoesNotWant) {
    world_.prepare();
    std::filesystem::path asked;
    EXPECT_THROW(activate_update(world_.device(),
                                 [&](const std::filesystem::path& root) {
                                     asked = root;
                                     throw api::Conflict("no");
                                 }),
                 api::Conflict);
    EXPECT_EQ(asked, world_.machine_.top_of(world_.v2.tree.root_hash));
    expect_still_staged();
}

TEST_F(ActivateTest, CanBeTakenBackUntilItWasTried) {
    EXPECT_THROW(deactivate_update(world_.device()), api::Conflict);
    world_.prepare();
    activate_update(world_.device());
    deactivate_update(world_.device());
    EXPECT_EQ(world_.state().step, UpdateStep::staged);
    activate_update(world_.device());
    std::filesystem::rename(boot_file("base_2.0+3-0.efi"), boot_file("base_2.0+2-1.efi"));
    EXPECT_THROW(deactivate_update(world_.device()), api::Conflict);
}

TEST_F(ActivateTest, RefusesWhenNothingIsStaged) {
    EXPECT_THROW(activate_update(world_.device()), api::Conflict);
    world_.prepare();
    activate_update(world_.device());
    EXPECT_THROW(activate_update(world_.device()), api::Conflict);
}

TEST_F(ActivateTest, RefusesASlotThatChanged) {
    world_.prepare();
    for (const auto& [part, offset] : {std::pair{"root", 20 * block_size + 7},
                                       {"root", 169 * block_size},
                                       {"verity", block_size + 40},
                                       {"verity", std::uint64_t{100}}}) {
        const auto file = world_.machine_.file_of(layout::Slot::b, part);
        flip(file, offset);
        expect_refused_and_still_staged();
        flip(file, offset);
    }
    activate_update(world_.device());
}

TEST_F(ActivateTest, RefusesABootFileThatChanged) {
    world_.prepare();
    flip(boot_file("base_2.0.efi.staged"), 9000);
    expect_refused_and_still_staged();
}

TEST_F(ActivateTest, BelievesTheSignersOfNowAndNotOfThePrepare) {
    world_.prepare();
    slots::DenyList list;
    list.add({.image = {"base", "2.0"}, .cause = "it hangs"});
    list.write(world_.device().deny_list);
    expect_refused_and_still_staged();
    list.clear({"base", "2.0"});
    list.write(world_.device().deny_list);

    world_.offer(world_.v2, [](Json& image) { image["boot_file"]["sha256"] = std::string(64, 'a'); });
    world_.publish_next();
    world_.fetch();
    expect_refused_and_still_staged();

    Device late = world_.device();
    late.clock = [] { return tuf::RepositoryMaker::now + 100 * tuf::RepositoryMaker::day; };
    EXPECT_THROW(activate_update(late), VerifyError);
}

TEST_F(ActivateTest, RollsBackToAGoodVersionThatIsWhole) {
    EXPECT_THROW(roll_back(world_.device()), api::Conflict);
    const MadeVersion old = make_version("0.9", testing::make_root(100, 9));
    write_file(boot_file("base_0.9.efi"), old.boot_file);
    EXPECT_THROW(roll_back(world_.device()), api::Conflict);  // its root is gone
    world_.write_slot(layout::Slot::b, old);
    EXPECT_EQ(roll_back(world_.device()).returns_to, (slots::ImageVersion{"base", "0.9"}));
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_0.9.efi"));
    const auto denied = slots::DenyList::read(world_.device().deny_list).find({"base", "1.0"});
    ASSERT_TRUE(denied);
    EXPECT_EQ(denied->cause, "by operator");
}

}  // namespace
}  // namespace cairn::update
