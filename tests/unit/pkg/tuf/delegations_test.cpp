#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/pkg/tuf/client_fixture.h"

/// Which role a client believes about a target.
namespace cairn::tuf {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TufDelegations : public TufClient {};

TEST_F(TufDelegations, FollowsDelegationsInOrder) {
    Targets& images = repository_.delegate(repository_.targets, "images", {"images/*/*"});
    Targets& first = repository_.delegate(images, "first", {"images/a/*"});
    Targets& second = repository_.delegate(images, "odd name?#", {"images/*/*"});
    repository_.add_target(first, "images/a/one", "by the first");
    repository_.add_target(second, "images/a/one", "by the second");
    repository_.add_target(second, "images/b/two", "two");
    repository_.add_target(second, "elsewhere", "not its business");
    start();
    EXPECT_EQ(read_file(download("images/a/one")), "by the first");
    EXPECT_EQ(read_file(download("images/b/two")), "two");
    EXPECT_THAT(refusal_of([&] { download("elsewhere"); }), HasSubstr("no target"));
    EXPECT_TRUE(fs::exists(state_ / "odd%20name%3F%23.json"));
}

TEST_F(TufDelegations, ATerminatingDelegationEndsTheSearch) {
    repository_.delegate(repository_.targets, "first", {"*"});
    Targets& second = repository_.delegate(repository_.targets, "second", {"*"});
    repository_.add_target(second, "file", "content");
    start();
    EXPECT_EQ(read_file(download("file")), "content");
    repository_.targets.delegations->roles[0].is_terminating = true;
    repository_.publish_next();
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("no target"));
}

TEST_F(TufDelegations, HashBinsTakeTheirTargets) {
    const std::string hash = crypto::hash_sha256("file").to_hex();
    Targets& bin = repository_.delegate(repository_.targets, "bin", {});
    Targets& other = repository_.delegate(repository_.targets, "other", {});
    repository_.targets.delegations->roles[0].hash_prefixes = {hash.substr(0, 2)};
    repository_.targets.delegations->roles[1].hash_prefixes = {hash[0] == '0' ? "1" : "0"};
    repository_.add_target(bin, "file", "content");
    repository_.add_target(other, "file", "wrong");
    start();
    EXPECT_EQ(read_file(download("file")), "content");
    EXPECT_FALSE(fs::exists(state_ / "other.json"));
}

TEST_F(TufDelegations, SuccinctBinsHaveNamesOfEqualLength) {
    SuccinctBins bins = {.bit_length = 10, .name_prefix = "bin"};
    const std::string hash = crypto::hash_sha256("file").to_hex();
    const unsigned long start = std::stoul(hash.substr(0, 3), nullptr, 16) >> 2;
    EXPECT_EQ(bin_of(bins, "file"), std::format("bin-{:03x}", start));
}

TEST_F(TufDelegations, CirclesAndDeepChainsEnd) {
    Targets& first = repository_.delegate(repository_.targets, "first", {"*"});
    Targets& second = repository_.delegate(first, "second", {"*"});
    second.delegations = repository_.targets.delegations;
    start();
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("no target"));
    Targets* last = &second;
    last->delegations.reset();
    for (int depth = 0; depth < 70; ++depth)
        last = &repository_.delegate(*last, std::format("deep{}", depth), {"*"});
    repository_.publish_next();
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("more than 64 roles"));
}

TEST_F(TufDelegations, ARoleThatTheSnapshotDoesNotListIsRefused) {
    Targets& images = repository_.delegate(repository_.targets, "images", {"*"});
    repository_.add_target(images, "file", "content");
    start();
    repository_.snapshot.files.erase("images.json");
    repository_.publish_snapshot();
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("does not list it"));
}

}  // namespace
}  // namespace cairn::tuf
