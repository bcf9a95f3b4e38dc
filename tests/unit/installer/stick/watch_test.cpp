#include "installer/stick/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "pkg/base/error.h"

namespace cairn::stick {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Knows what each place holds: the folder of a repository, or nothing.
class FakeMounter final : public Mounter {
  public:
    std::string mount(const Place& place) override {
        EXPECT_FALSE(mounted) << "one at a time";
        asked.push_back(place.name);
        const auto found = repositories.find(place.name);
        if (found == repositories.end()) throw Error("it holds no repository").hint("make one");
        mounted = place.name;
        return found->second;
    }
    void unmount() override { mounted.reset(); }

    std::map<std::string, std::string> repositories;
    std::optional<std::string> mounted;
    std::vector<std::string> asked;
};

disks::DiskNode make_stick(const std::string& name, std::uint64_t sequence) {
    return {.name = name,
            .device = "8:" + std::to_string(sequence * 16),
            .node = "/dev/" + name,
            .size = 1 << 30,
            .is_removable = true,
            .is_on_usb = true,
            .sequence = sequence};
}

class WatchTest : public testing::Test {
  protected:
    void look() { watch_.look(disks_); }
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }

    FakeMounter mounter_;
    std::vector<disks::DiskNode> disks_;
    std::vector<std::string> lines_;
    Watch watch_{mounter_, "/dev/sda", [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(WatchTest, MountsAStickThatComesAndLetsGoOfOneThatIsPulled) {
    mounter_.repositories["sdb"] = "cairn-repository";
    look();
    EXPECT_EQ(mounter_.mounted, std::nullopt);
    disks_ = {make_stick("sdb", 3)};
    look();
    look();
    EXPECT_EQ(mounter_.mounted, "sdb");
    EXPECT_THAT(take_lines(),
                ElementsAre("'sdb' holds a repository in 'cairn-repository': updates come from there now"));
    disks_.clear();
    look();
    EXPECT_EQ(mounter_.mounted, std::nullopt);
    EXPECT_THAT(take_lines(), ElementsAre("'sdb' is gone: its repository is unmounted"));
}

TEST_F(WatchTest, KnowsAnotherStickUnderTheSameName) {
    mounter_.repositories["sdb"] = "";
    disks_ = {make_stick("sdb", 3)};
    look();
    mounter_.repositories.clear();
    disks_ = {make_stick("sdb", 4)};
    look();
    EXPECT_EQ(mounter_.mounted, std::nullopt);
    EXPECT_THAT(take_lines(), ElementsAre("'sdb' holds a repository: updates come from there now",
                                          "'sdb' is gone: its repository is unmounted",
                                          "'sdb' is not used: it holds no repository; hint: make one"));
}

TEST_F(WatchTest, TriesABadStickOnceForEachTimeThatItIsPluggedIn) {
    disks_ = {make_stick("sdb", 3)};
    look();
    look();
    EXPECT_THAT(mounter_.asked, ElementsAre("sdb"));
    EXPECT_EQ(take_lines().size(), 1U);
    disks_.clear();
    look();
    EXPECT_THAT(take_lines(), IsEmpty());
    disks_ = {make_stick("sdb", 4)};
    look();
    EXPECT_THAT(mounter_.asked, ElementsAre("sdb", "sdb"));
    EXPECT_EQ(take_lines().size(), 1U);
}

TEST_F(WatchTest, LooksForThePartitionThatHasOne) {
    mounter_.repositories["sdb2"] = "";
    disks_ = {make_stick("sdb", 3)};
    for (std::uint32_t number = 1; number <= 3; ++number) {
        const std::string text = std::to_string(number);
        disks_[0].partitions[number] = {"8:" + text, "/dev/sdb" + text, 0, 1};
    }
    look();
    EXPECT_THAT(mounter_.asked, ElementsAre("sdb1", "sdb2"));
    EXPECT_EQ(mounter_.mounted, "sdb2");
}

TEST_F(WatchTest, LetsASecondStickWaitForTheFirstToGo) {
    mounter_.repositories = {{"sdb", ""}, {"sdc", ""}};
    disks_ = {make_stick("sdb", 3), make_stick("sdc", 4)};
    look();
    look();
    EXPECT_THAT(take_lines(), ElementsAre("'sdb' holds a repository: updates come from there now",
                                          "'sdc' waits until 'sdb' is pulled"));
    disks_.erase(disks_.begin());
    look();
    EXPECT_EQ(mounter_.mounted, "sdc");
}

TEST_F(WatchTest, NeverMountsTheSystemsDiskOrAFixedOneAndSaysSoOnce) {
    disks_ = {make_stick("sda", 1), make_stick("sdb", 2)};
    disks_[1].is_removable = false;
    look();
    look();
    EXPECT_THAT(mounter_.asked, IsEmpty());
    EXPECT_THAT(take_lines(),
                ElementsAre("'sda' is not used: the system runs from it",
                            "'sdb' is not used: it is a fixed disk, not a stick: it says so itself"));
}

TEST_F(WatchTest, LetsGoAtItsEnd) {
    mounter_.repositories["sdb"] = "";
    disks_ = {make_stick("sdb", 3)};
    look();
    watch_.end();
    EXPECT_EQ(mounter_.mounted, std::nullopt);
    take_lines();
    watch_.end();
    EXPECT_THAT(take_lines(), IsEmpty());
}

}  // namespace
}  // namespace cairn::stick
