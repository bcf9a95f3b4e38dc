#include <print>

#include "pkg/base/json.h"
#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/rotate.h"
#include "tests/unit/pkg/repo/repository_fixture.h"

namespace cairn::repo {
namespace {

using crypto::KeyDirectory;
using crypto::Role;

constexpr const char* one = "packages/x86_64/one_1.0_x86_64.cpkg";

/// Three people with keys of their own, each on a machine of their own: `keys_` is Alice's.
class SignersTest : public RepositoryTest {
  protected:
    KeyDirectory bob_ = make_keys("bob");
    KeyDirectory carol_ = make_keys("carol");

    void SetUp() override {}

    Signers make_signers(const std::vector<std::string>& shared) {
        Signers signers = signers_of(keys_);
        for (const std::string& role : shared) {
            const Role key = key_of(role);
            signers[role] = {.keys = {keys_.public_key(key), bob_.public_key(key), carol_.public_key(key)},
                             .threshold = 2};
        }
        return signers;
    }
    Signing both() {
        Signing signing(keys_);
        signing.add(bob_);
        return signing;
    }
    /// A repository whose named roles need two of three; signed by Alice and Bob.
    void start(const std::vector<std::string>& shared) {
        ASSERT_FALSE(Repository::init(directory_, make_signers(shared), both(), now).pending());
        tuf::Client::init(read_file(directory_ / "metadata/1.root.json"), state_);
    }
    CommitResult publish_with(const Signing& signing, const fs::path& package, tuf::Time time = now) {
        Repository repository = Repository::open(directory_);
        return repo::publish(repository, plan_publish(repository, {.packages = {package}}, signers_), signing,
                             time);
    }
    /// A signer elsewhere has nothing but a copy of what waits.
    Change sign_elsewhere(KeyDirectory& keys) const {
        Change change = parse_change(read_file(directory_ / pending_file), "copy");
        check_signatures(change);
        sign(change, Signing(keys));
        return parse_change(format_change(change), "copy");
    }
    CommitResult sign_here(const Signing& signing, tuf::Time time = now) {
        return Repository::open_to_sign(directory_).sign_pending(signing, time);
    }
};

TEST_F(SignersTest, TwoOfThreeSignTheFirstRootOnTwoMachines) {
    {
        const Repository repository =
            Repository::init(directory_, make_signers({"root", "targets"}), Signing(keys_), now);
        ASSERT_TRUE(repository.pending());
    }
    EXPECT_THAT(refusal_of([&] { Repository::open(directory_); }),
                HasSubstr("waits for the signatures of its first root"));
    EXPECT_EQ(list_files(directory_ / "metadata"), std::vector<std::string>{});
    const Change copy = sign_elsewhere(carol_);
    Repository repository = Repository::open_to_sign(directory_);
    EXPECT_EQ(repository.take(copy), 1U + 1U + 1U + 256U);  // root, targets, packages, bins
    EXPECT_TRUE(repository.finish_pending(Signing(keys_), now).is_effective());
    EXPECT_FALSE(repository.pending());
    EXPECT_FALSE(fs::exists(directory_ / pending_file));
    tuf::Client::init(read_file(directory_ / "metadata/1.root.json"), state_);
    EXPECT_EQ(refresh(directory_), 1U);
}

TEST_F(SignersTest, WhatTooFewSignedIsSeenByNobody) {
    start({"targets"});
    const auto before = list_files(directory_ / "metadata");
    const fs::path package = make_package("one");
    const CommitResult result = publish_with(Signing(keys_), package);
    ASSERT_EQ(result.missing.size(), 1U);
    EXPECT_EQ(result.missing[0].count, 1U);
    EXPECT_EQ(result.missing[0].threshold, 2U);
    EXPECT_EQ(list_files(directory_ / "metadata"), before);
    EXPECT_THAT(refusal_of([&] { download(one); }), HasSubstr("no target"));
    // The same person once more, from another copy of her keys, is still one person.
    const fs::path copy = place_.path() / "copy";
    fs::copy(keys_.path(), copy, fs::copy_options::recursive);
    KeyDirectory again = KeyDirectory::open(copy);
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(again)); }), HasSubstr("have signed this already"));
    EXPECT_EQ(list_files(directory_ / "metadata"), before);
    // A key that is listed a second time could count twice.
    Signers signers = make_signers({"targets"});
    signers["targets"].keys[2] = signers["targets"].keys[1];
    EXPECT_THAT(refusal_of([&] { Repository::init(place_.path() / "new", signers, both(), now); }),
                HasSubstr("'targets' would have a key twice"));
    // Carol's is the second. She has no key for snapshot and timestamp: Alice's machine makes them.
    const Change signed_copy = sign_elsewhere(carol_);
    Repository repository = Repository::open(directory_);
    repository.take(signed_copy);
    EXPECT_TRUE(repository.finish_pending(Signing(keys_), now).is_effective());
    EXPECT_EQ(download(one), read_file(package));
}

TEST_F(SignersTest, RefusesKeysThatAreNotTheRoles) {
    start({"targets"});
    publish_with(Signing(keys_), make_package("one"));
    KeyDirectory dora = make_keys("dora");
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(dora)); }), HasSubstr("may sign this"));
    EXPECT_THAT(refusal_of([&] { sign_elsewhere(dora); }), HasSubstr("may sign this"));
    // She says that hers is one of the role's: what a copy says of signers is not believed.
    Change forged = *Repository::open(directory_).pending();
    ASSERT_EQ(forged.roles.size(), 1U);
    SignerSet& set = forged.roles[0].signers.at(0);
    const tuf::Key key = tuf::make_key(dora.public_key(Role::targets));
    set.keys[tuf::id_of(key)] = key;
    set.role.key_ids.push_back(tuf::id_of(key));
    sign(forged, Signing(dora));
    EXPECT_THAT(refusal_of([&] { Repository::open(directory_).take(forged); }),
                HasSubstr("its key is not in the role"));
    Change damaged = sign_elsewhere(carol_);
    std::string& signature = damaged.roles[0].signatures.back().value;
    signature[0] = signature[0] == '0' ? '1' : '0';
    EXPECT_THAT(refusal_of([&] { Repository::open(directory_).take(damaged); }), HasSubstr("it is wrong"));
    EXPECT_EQ(refresh(directory_), 1U);
}

/// Whoever signs reads a role's name: a new root must not be signed by somebody who thinks that it is
/// something else.
TEST_F(SignersTest, RefusesMetadataUnderTheNameOfAnotherRole) {
    start({"root"});
    {
        Repository repository = Repository::open(directory_);
        rotate(repository, "root", {.threshold = 1}, Signing(keys_), now);
    }
    Json file = read_json(directory_ / pending_file);
    for (const char* name : {"snapshot", "timestamp", "targets", "packages-00"}) {
        file["roles"][0]["role"] = name;
        EXPECT_THAT(refusal_of([&] { parse_change(format_json(file), "copy"); }),
                    HasSubstr("\"_type\" is not"));
    }
    file["roles"][0]["role"] = "root";
    EXPECT_THAT(
        describe(parse_change(format_json(file), "copy")).at(0),
        HasSubstr(std::format("root: 1 of {}", crypto::key_id(keys_.public_key(Role::root)).substr(0, 16))));
}

TEST_F(SignersTest, WhatWaitedUntilItExpiredIsRefused) {
    start({"targets"});
    publish_with(Signing(keys_), make_package("one"));
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(bob_), now + 180 * day); }),
                HasSubstr("waited too long for its signatures"));
    EXPECT_EQ(refresh(directory_), 1U);
    EXPECT_TRUE(sign_here(both(), now + 179 * day).is_effective());
}

TEST_F(SignersTest, WhatTheRepositoryHasMovedPastIsRefused) {
    start({"targets"});
    const fs::path package = make_package("one");
    publish_with(Signing(keys_), package);
    const Change old = sign_elsewhere(bob_);
    EXPECT_THAT(refusal_of([&] { publish_with(Signing(keys_), package); }),
                HasSubstr("waits for signatures already"));
    Repository::open(directory_).drop_pending();
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(bob_)); }), HasSubstr("nothing waits"));
    EXPECT_TRUE(publish_with(both(), make_package("one", "other content")).is_effective());
    EXPECT_THAT(refusal_of([&] { Repository::open(directory_).take(old); }),
                HasSubstr("does not follow on what is published"));
    // Left over beside the repository, as from an old copy of its directory.
    replace_file(directory_ / pending_file, format_change(old));
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(carol_)); }),
                HasSubstr("does not follow on what is published"));
    Repository::open(directory_).drop_pending();
    EXPECT_EQ(refresh(directory_), 2U);
}

TEST_F(SignersTest, SignaturesForAnotherChangeAreNotTaken) {
    start({"targets"});
    publish_with(Signing(keys_), make_package("one"));
    const Change other = sign_elsewhere(bob_);
    Repository::open(directory_).drop_pending();
    publish_with(Signing(keys_), make_package("one", "other content"));
    EXPECT_THAT(refusal_of([&] { Repository::open(directory_).take(other); }),
                HasSubstr("for another change than the one that waits"));
}

TEST_F(SignersTest, OthersGoOnWhileARootWaits) {
    start({"root"});
    {
        Repository repository = Repository::open(directory_);
        const SignerChange change{.removed = {crypto::key_id(carol_.public_key(Role::root))}};
        const CommitResult result = rotate(repository, "root", change, Signing(keys_), now);
        ASSERT_EQ(result.missing.size(), 2U);  // of its keys until now, and from now on
    }
    EXPECT_TRUE(publish_with(Signing(keys_), make_package("one")).is_effective());
    EXPECT_EQ(refresh(directory_), 2U);
    EXPECT_TRUE(sign_here(Signing(bob_)).is_effective());
    EXPECT_NE(download(one), "");
    EXPECT_EQ(Repository::open(directory_).root().version, 2U);
    // Carol's signature counts no longer.
    {
        Repository repository = Repository::open(directory_);
        rotate(repository, "root", {.threshold = 1}, Signing(keys_), now);
    }
    EXPECT_THAT(refusal_of([&] { sign_here(Signing(carol_)); }), HasSubstr("may sign this"));
}

TEST_F(SignersTest, AKeyThatHasJustComeSignsTheRootThatBringsIt) {
    start({"root"});
    KeyDirectory dora = make_keys("dora");
    Repository repository = Repository::open(directory_);
    const SignerChange change{.added = {dora.public_key(Role::root)},
                              .removed = {crypto::key_id(keys_.public_key(Role::root))}};
    // Carol and Dora are two of the new keys, but only one of the former ones.
    Signing signing(carol_);
    signing.add(dora);
    const CommitResult result = rotate(repository, "root", change, signing, now);
    ASSERT_EQ(result.missing.size(), 1U);
    EXPECT_EQ(result.missing[0].whose, "its keys until now");
    EXPECT_TRUE(repository.sign_pending(Signing(bob_), now).is_effective());
    EXPECT_EQ(refresh(directory_), 1U);
}

TEST_F(SignersTest, SnapshotAndTimestampMayNeedTwoAsWell) {
    start({"snapshot", "timestamp"});
    const CommitResult result = publish_with(Signing(keys_), make_package("one"));
    EXPECT_EQ(result.missing.size(), 2U);
    EXPECT_EQ(refresh(directory_), 1U);
    EXPECT_TRUE(sign_here(Signing(carol_)).is_effective());
    EXPECT_NE(download(one), "");
}

TEST_F(SignersTest, AThresholdThatNobodyCouldMeetIsRefused) {
    start({"root"});
    Repository repository = Repository::open(directory_);
    const auto refused = [&](const SignerChange& change) {
        return refusal_of([&] { rotate(repository, "root", change, both(), now); });
    };
    EXPECT_THAT(refused({.threshold = 4}), HasSubstr("nobody could sign it"));
    EXPECT_THAT(refused({.removed = {"zz"}}), HasSubstr("has no key 'zz'"));
    EXPECT_THAT(refused({.added = {bob_.public_key(Role::root)}}), HasSubstr("would have a key twice"));
    Signers signers = make_signers({"root"});
    signers["root"].threshold = 4;
    EXPECT_THAT(refusal_of([&] { Repository::init(place_.path() / "new", signers, both(), now); }),
                HasSubstr("nobody could sign it"));
    EXPECT_FALSE(fs::exists(place_.path() / "new"));
}

TEST_F(SignersTest, AWrongPassphraseChangesNothing) {
    const fs::path place = place_.path() / "people" / "dora";
    Signers signers = signers_of(keys_);
    signers["targets"].keys.push_back(KeyDirectory::init(place, "right").public_key(Role::targets));
    Repository::init(directory_, signers, Signing(keys_), now);
    const auto before = list_files(directory_);
    KeyDirectory dora =
        KeyDirectory::open(place, {.passphrase = [](const fs::path&) { return std::string("wrong"); }});
    EXPECT_THAT(refusal_of([&] { publish_with(Signing(dora), make_package("one")); }),
                HasSubstr("the passphrase is wrong"));
    EXPECT_EQ(list_files(directory_ / "metadata").size() + 1, before.size());  // and .lock
    EXPECT_FALSE(fs::exists(directory_ / pending_file));
    EXPECT_EQ(Repository::open(directory_).timestamp().version, 1U);
}

/// One of three root keys is lost: the other two put a new one in its place, and clients follow.
TEST_F(SignersTest, ALostRootKeyIsReplacedByTheOthers) {
    start({"root"});
    fs::remove(carol_.path() / "root.key");
    Repository repository = Repository::open(directory_);
    EXPECT_THAT(refusal_of([&] { rotate(repository, "root", {.threshold = 1}, Signing(carol_), now); }),
                HasSubstr("none of the keys"));
    KeyDirectory dora = make_keys("dora");
    const SignerChange change{.added = {dora.public_key(Role::root)},
                              .removed = {crypto::key_id(carol_.public_key(Role::root))}};
    EXPECT_TRUE(rotate(repository, "root", change, both(), now).is_effective());
    EXPECT_EQ(refresh(directory_), 1U);
    EXPECT_EQ(repository.signers("root").key_ids.size(), 3U);
}

/// The key of another role is lost: nothing of that role can be signed, until the root's key replaces it.
TEST_F(SignersTest, ALostKeyOfAnotherRoleIsReplacedByTheRoot) {
    for (const char* role : {"timestamp", "snapshot", "targets", "images"}) {
        fs::remove_all(directory_);
        fs::remove_all(state_);
        const fs::path place = place_.path() / "alice";
        fs::remove_all(place);
        fs::copy(keys_.path(), place, fs::copy_options::recursive);
        KeyDirectory alice = KeyDirectory::open(place);
        Repository::init(directory_, alice, now);
        tuf::Client::init(read_file(directory_ / "metadata/1.root.json"), state_);
        fs::remove(place / std::format("{}.key", role));
        {
            Repository repository = Repository::open(directory_);
            const std::string signed_again = role == std::string("images") ? role : "targets";
            bool is_effective = false;
            refusal_of([&] {
                is_effective =
                    repo::refresh(repository, Signing(alice), now, {signed_again}).commit.is_effective();
            });
            EXPECT_FALSE(is_effective) << role;
            repository.drop_pending();
        }
        EXPECT_EQ(refresh(directory_), 1U) << role;
        Repository repository = Repository::open(directory_);
        EXPECT_TRUE(rotate(repository, role, alice, bob_, now).is_effective()) << role;
        EXPECT_EQ(refresh(directory_), 2U) << role;
    }
}

/// Too many root keys are lost: roles cannot change hands any more. What is published stays, and goes on to
/// be renewed until the root expires.
TEST_F(SignersTest, WithTooFewRootKeysTheRestGoesOn) {
    start({"root"});
    fs::remove(bob_.path() / "root.key");
    fs::remove(carol_.path() / "root.key");
    Signing all = both();
    all.add(carol_);
    {
        Repository repository = Repository::open(directory_);
        EXPECT_FALSE(rotate(repository, "timestamp", keys_, carol_, now).is_effective());
        EXPECT_THAT(refusal_of([&] { repository.sign_pending(all, now); }), HasSubstr("signed this already"));
        repository.drop_pending();
    }
    EXPECT_TRUE(publish_with(all, make_package("one")).is_effective());
    EXPECT_NE(download(one), "");
    Repository repository = Repository::open(directory_);
    const RefreshResult result = repo::refresh(repository, all, now + 300 * day);
    EXPECT_TRUE(result.commit.is_effective());
    EXPECT_EQ(result.left, std::vector<std::string>{"root"});
    EXPECT_NE(download(one, now + 301 * day), "");
    EXPECT_THAT(refusal_of([&] { download(one, now + 366 * day); }), HasSubstr("'root': it expired"));
}

/// Power fails after the change was written, before what waited was removed.
TEST_F(SignersTest, WhatIsDoneDoesNotWait) {
    start({"targets"});
    publish_with(Signing(keys_), make_package("one"));
    const std::string waited = read_file(directory_ / pending_file);
    EXPECT_TRUE(sign_here(both()).is_effective());
    replace_file(directory_ / pending_file, waited);
    EXPECT_FALSE(Repository::open(directory_).pending());
    EXPECT_FALSE(fs::exists(directory_ / pending_file));
}

/// Power fails while the first state of all is written: it waits still, and is written again.
TEST_F(SignersTest, TheFirstRootComesLast) {
    Repository::init(directory_, make_signers({"root"}), Signing(keys_), now);
    const std::string waited = read_file(directory_ / pending_file);
    const fs::path before = place_.path() / "before";
    fs::copy(directory_, before, fs::copy_options::recursive);
    const WriteOrder order(directory_, {"metadata"});
    EXPECT_TRUE(sign_here(both()).is_effective());
    const std::vector<std::string> writes = order.read();
    ASSERT_EQ(writes.back(), "metadata/1.root.json");
    for (const std::size_t stop : {std::size_t{1}, std::size_t{100}, writes.size() - 1}) {
        const fs::path stopped = place_.path() / std::format("stopped{}", stop);
        fs::copy(before, stopped, fs::copy_options::recursive);
        for (std::size_t index = 0; index < stop; ++index)
            fs::copy_file(directory_ / writes[index], stopped / writes[index]);
        EXPECT_TRUE(Repository::open_to_sign(stopped).sign_pending(both(), now).is_effective()) << stop;
        fs::remove_all(state_);
        tuf::Client::init(read_file(stopped / "metadata/1.root.json"), state_);
        EXPECT_EQ(refresh(stopped), 1U);
    }
}

/// Every third letter of the file changed by one bit: refused, or harmless because it only describes the
/// signers, who are worked out anew.
TEST_F(SignersTest, ADamagedFileOfWhatWaitsChangesNothing) {
    start({"targets"});
    publish_with(Signing(keys_), make_package("one"));
    const std::string whole = read_file(directory_ / pending_file);
    const Change before = parse_change(whole, "whole");
    std::size_t refused = 0;
    std::size_t harmless = 0;
    for (std::size_t at = 0; at < whole.size(); at += 3) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        write_file(directory_ / pending_file, damaged);
        const std::string refusal =
            refusal_of([&] { Repository::open(directory_).finish_pending(Signing(), now); });
        if (!refusal.empty()) {
            ++refused;
            continue;
        }
        ++harmless;
        const Change after = parse_change(read_file(directory_ / pending_file), "after");
        ASSERT_EQ(after.roles.size(), 1U);
        EXPECT_EQ(after.roles[0].role, before.roles[0].role) << "letter " << at;
        EXPECT_EQ(after.roles[0].signed_part, before.roles[0].signed_part) << "letter " << at;
    }
    EXPECT_GT(refused, 200U);
    EXPECT_EQ(refresh(directory_), 1U);
    std::println("{} damaged files: {} refused, {} harmless", refused + harmless, refused, harmless);
}

}  // namespace
}  // namespace cairn::repo
