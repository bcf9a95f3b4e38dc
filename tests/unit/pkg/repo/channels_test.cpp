#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/promote.h"
#include "pkg/repo/rotate.h"
#include "tests/unit/pkg/repo/repository_fixture.h"

namespace cairn::repo {
namespace {

using crypto::Role;

/// Channels beside the packages that every repository has.
class ChannelsTest : public RepositoryTest {
  protected:
    CommitResult delegate(const std::string& channel, ChannelRequest request = {}) {
        if (request.keys.empty()) request.keys = {keys_.public_key(Role::targets)};
        Repository repository = Repository::open(directory_);
        return repo::delegate(repository, channel, request, Signing(keys_), now);
    }
    CommitResult publish_in(const std::string& channel, const std::vector<fs::path>& packages,
                            const Signing& signing) {
        Repository repository = Repository::open(directory_);
        const PublishPlan plan =
            plan_publish(repository, {.packages = packages, .channel = channel}, signers_);
        return repo::publish(repository, plan, signing, now);
    }
    CommitResult publish_in(const std::string& channel, const fs::path& package) {
        return publish_in(channel, {package}, Signing(keys_));
    }
    PublishPlan promote(const PromoteRequest& request) {
        Repository repository = Repository::open(directory_);
        const PublishPlan plan = plan_promotion(repository, request);
        repo::publish(repository, plan, Signing(keys_), now);
        return plan;
    }
};

TEST_F(ChannelsTest, AClientDownloadsFromAChannel) {
    delegate("testing");
    delegate("stable");
    const fs::path package = make_package("one");
    publish_in("testing", package);
    EXPECT_EQ(download("testing/x86_64/one_1.0_x86_64.cpkg"), read_file(package));
    EXPECT_THAT(refusal_of([&] { download("stable/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    EXPECT_THAT(refusal_of([&] { download("packages/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    Repository repository = Repository::open(directory_);
    EXPECT_EQ(list_channels(repository), (std::vector<std::string>{"testing", "stable"}));
}

TEST_F(ChannelsTest, AChannelIsSignedByItsOwnKeysAlone) {
    crypto::KeyDirectory carol = make_keys("carol");
    delegate("testing", {.keys = {carol.public_key(Role::targets)}});
    const fs::path package = make_package("one");
    // It waits for her to sign it empty, then for the keys of snapshot and timestamp.
    EXPECT_EQ(Repository::open(directory_).sign_pending(Signing(carol), now).missing.size(), 2U);
    EXPECT_TRUE(Repository::open(directory_).finish_pending(Signing(keys_), now).is_effective());
    // Who has the keys of all other roles cannot sign it, and Carol can sign nothing else.
    EXPECT_THAT(refusal_of([&] { publish_in("testing", package); }), HasSubstr("none of the keys"));
    EXPECT_THAT(refusal_of([&] { publish_in("packages", {package}, Signing(carol)); }),
                HasSubstr("none of the keys"));
    // Her signature, then the machine that has the keys of snapshot and timestamp.
    const CommitResult waits = publish_in("testing", {package}, Signing(carol));
    ASSERT_EQ(waits.missing.size(), 2U);
    EXPECT_EQ(waits.missing[0].role, "snapshot");
    EXPECT_TRUE(Repository::open(directory_).sign_pending(Signing(keys_), now).is_effective());
    EXPECT_EQ(download("testing/x86_64/one_1.0_x86_64.cpkg"), read_file(package));
}

TEST_F(ChannelsTest, AChannelMayNeedTwoSigners) {
    crypto::KeyDirectory carol = make_keys("carol");
    delegate("stable",
             {.keys = {keys_.public_key(Role::targets), carol.public_key(Role::targets)}, .threshold = 2});
    // Made by one: it waits, as its first metadata does.
    EXPECT_TRUE(Repository::open(directory_).pending());
    EXPECT_TRUE(Repository::open(directory_).sign_pending(Signing(carol), now).missing.size() == 2U);
    EXPECT_TRUE(Repository::open(directory_).finish_pending(Signing(keys_), now).is_effective());
    EXPECT_FALSE(publish_in("stable", make_package("one")).is_effective());
    EXPECT_THAT(refusal_of([&] { download("stable/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    Signing both(keys_);
    both.add(carol);
    EXPECT_TRUE(Repository::open(directory_).sign_pending(both, now).is_effective());
    EXPECT_NE(download("stable/x86_64/one_1.0_x86_64.cpkg"), "");
}

TEST_F(ChannelsTest, ListsOnlyWhatItsPathsAllow) {
    delegate("testing", {.paths = {"testing/x86_64/one_*"}});
    publish_in("testing", make_package("one"));
    EXPECT_NE(download("testing/x86_64/one_1.0_x86_64.cpkg"), "");
    EXPECT_THAT(refusal_of([&] { publish_in("testing", make_package("two")); }),
                HasSubstr("channel 'testing' may not list 'testing/x86_64/two_1.0_x86_64.cpkg'"));
    // Nor would it be written if it were made in another way, or found by a client.
    Repository repository = Repository::open(directory_);
    auto& targets = repository.change_targets("testing").targets;
    targets["testing/x86_64/two"] = targets.begin()->second;
    EXPECT_THAT(refusal_of([&] { repository.commit(Signing(keys_), now); }),
                HasSubstr("which is not delegated to it"));
    Repository again = std::move(repository);
    EXPECT_THAT(refusal_of([&] {
                    repo::delegate(again, "testing", {.paths = {"testing/x86_64/three_*"}}, Signing(keys_),
                                   now);
                }),
                HasSubstr("outside of its paths"));
}

/// A channel that lists names of the packages that every repository has: its search comes first and ends it.
TEST_F(ChannelsTest, PathsMayCoverNamesOfPackages) {
    const fs::path package = make_package("one");
    delegate("fixes", {.paths = {"packages/x86_64/one_*"}});
    publish_in("fixes", package);
    EXPECT_EQ(download("packages/x86_64/one_1.0_x86_64.cpkg"), read_file(package));
    publish({make_package("two")});
    EXPECT_NE(download("packages/x86_64/two_1.0_x86_64.cpkg"), "");
    EXPECT_THAT(refusal_of([&] { publish({make_package("one", "other content")}); }),
                HasSubstr("with other content"));
}

TEST_F(ChannelsTest, RefusesNamesAndPathsThatReachIntoWhatOthersSign) {
    for (const char* name : {"root", "timestamp", "snapshot", "targets", "images", "packages", "packages-00",
                             "", "Testing", "a/b", "../up", "7up"})
        EXPECT_NE(refusal_of([&] { delegate(name); }), "") << name;
    for (const char* path : {"images/*/*/*", "*/x86_64/*", "i*/*", "one", "/a/b", "a/../b", "a//b", "a/**/b"})
        EXPECT_NE(refusal_of([&] { delegate("testing", {.paths = {path}}); }), "") << path;
    EXPECT_EQ(refresh(directory_), 1U);
}

TEST_F(ChannelsTest, PromotesBetweenChannels) {
    delegate("testing");
    delegate("stable");
    const fs::path one = make_package("one");
    publish_in("testing", {one, make_package("two")}, Signing(keys_));
    EXPECT_EQ(promote({.from = "testing", .to = "stable", .names = {"one_1.0_*"}}).added.size(), 1U);
    EXPECT_EQ(download("stable/x86_64/one_1.0_x86_64.cpkg"), read_file(one));
    EXPECT_EQ(download("testing/x86_64/one_1.0_x86_64.cpkg"), read_file(one));
    // Again: it is there.
    EXPECT_EQ(promote({.from = "testing", .to = "stable", .names = {"one_*"}}).present.size(), 1U);
    const PublishPlan moved =
        promote({.from = "stable", .to = "packages", .names = {"one_*"}, .is_move = true});
    EXPECT_EQ(moved.removed.size(), 1U);
    EXPECT_EQ(download("packages/x86_64/one_1.0_x86_64.cpkg"), read_file(one));
    fs::remove_all(place_.path() / "output");
    EXPECT_THAT(refusal_of([&] { download("stable/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    EXPECT_THAT(refusal_of([&] { promote({.from = "testing", .to = "stable", .names = {"three_*"}}); }),
                HasSubstr("has no package 'three_*'"));
    EXPECT_THAT(refusal_of([&] { promote({.from = "testing", .to = "stabel", .names = {"two_*"}}); }),
                HasSubstr("did you mean 'stable'?"));
    EXPECT_THAT(refusal_of([&] { promote({.from = "testing", .to = "testing", .names = {"two_*"}}); }),
                HasSubstr("where these packages are"));
}

TEST_F(ChannelsTest, ANameAndVersionIsOneContentInAllChannels) {
    delegate("testing");
    publish_in("testing", make_package("one"));
    const fs::path other = make_package("one", "other content");
    EXPECT_THAT(refusal_of([&] { publish({other}); }), HasSubstr("with other content"));
    delegate("stable");
    EXPECT_THAT(refusal_of([&] { publish_in("stable", other); }), HasSubstr("with other content"));
    EXPECT_THAT(refusal_of([&] { publish_in("nowhere", other); }), HasSubstr("has no channel 'nowhere'"));
}

TEST_F(ChannelsTest, ARemovedChannelIsFoundByNobodyAndMayComeBack) {
    delegate("testing");
    publish_in("testing", make_package("one"));
    EXPECT_NE(download("testing/x86_64/one_1.0_x86_64.cpkg"), "");
    fs::remove_all(place_.path() / "output");
    {
        Repository repository = Repository::open(directory_);
        remove_channel(repository, "testing", Signing(keys_), now);
    }
    EXPECT_THAT(refusal_of([&] { download("testing/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    // Under the same name, after the last version: for clients it never went back.
    delegate("testing");
    EXPECT_THAT(refusal_of([&] { download("testing/x86_64/one_1.0_x86_64.cpkg"); }), HasSubstr("no target"));
    publish_in("testing", make_package("one"));
    EXPECT_NE(download("testing/x86_64/one_1.0_x86_64.cpkg"), "");
}

TEST_F(ChannelsTest, NewKeysOfAChannel) {
    crypto::KeyDirectory carol = make_keys("carol");
    delegate("testing");
    {
        Repository repository = Repository::open(directory_);
        EXPECT_TRUE(rotate(repository, "testing", keys_, carol, now).is_effective());
    }
    EXPECT_THAT(refusal_of([&] { publish_in("testing", make_package("one")); }),
                HasSubstr("none of the keys"));
    Signing both(keys_);
    both.add(carol);
    EXPECT_TRUE(publish_in("testing", {make_package("one")}, both).is_effective());
    EXPECT_NE(download("testing/x86_64/one_1.0_x86_64.cpkg"), "");
}

}  // namespace
}  // namespace cairn::repo
