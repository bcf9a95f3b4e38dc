#include "pkg/repo/mirror.h"

#include "pkg/net/curl_transport.h"
#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/rotate.h"
#include "tests/support/http_server.h"
#include "tests/unit/pkg/repo/repository_fixture.h"

namespace cairn::repo {
namespace {

constexpr const char* one = "packages/x86_64/one_1.0_x86_64.cpkg";

/// A copy of the repository, and clients that read the copy.
class MirrorTest : public RepositoryTest {
  protected:
    fs::path copy_ = place_.path() / "copy";
    std::string trusted_;

    void SetUp() override {
        RepositoryTest::SetUp();
        trusted_ = read_file(directory_ / "metadata/1.root.json");
        publish({make_package("one")});
    }
    MirrorResult mirror_from(const fs::path& source, std::optional<std::string> root = {},
                             tuf::Time time = now) const {
        net::FileTransport transport;
        return mirror({.metadata_url = "file://" + (source / "metadata").string(),
                       .targets_url = "file://" + (source / "targets").string(),
                       .directory = copy_,
                       .trusted_root = std::move(root),
                       .now = time},
                      transport);
    }
    std::string download_copy(const std::string& target, tuf::Time time = now) const {
        net::FileTransport transport;
        tuf::Client client(
            {.state = state_, .metadata_mirrors = {"file://" + (copy_ / "metadata").string()}, .now = time},
            transport);
        client.refresh();
        return read_file(
            client.download(target, {"file://" + (copy_ / "targets").string()}, place_.path() / "output"));
    }
    /// Where a package's file is below "targets".
    std::string file_of(const std::string& target) const {
        Repository repository = Repository::open(directory_);
        const auto& targets = repository.targets(bin_of_target(target)).targets;
        return target_file(repository, target, targets.at(target)).lexically_relative(directory_ / "targets");
    }
    std::map<std::string, std::string> contents(const fs::path& directory) const {
        std::map<std::string, std::string> files;
        for (const std::string& file : list_files(directory)) files[file] = read_file(directory / file);
        return files;
    }
};

TEST_F(MirrorTest, ClientsReadTheCopyInPlaceOfTheRepository) {
    const MirrorResult first = mirror_from(directory_, trusted_);
    EXPECT_EQ(first.roles, 3U + 256U);  // targets, images, packages, bins
    EXPECT_EQ(first.fetched_targets, 1U);
    EXPECT_TRUE(first.has_packages);
    EXPECT_EQ(download_copy(one), read_file(directory_ / "targets" / file_of(one)));
    // Only what is new, and by the root that it knows.
    publish({make_package("two")});
    const MirrorResult second = mirror_from(directory_);
    EXPECT_EQ(second.targets, 2U);
    EXPECT_EQ(second.fetched_targets, 1U);
    EXPECT_NE(download_copy("packages/x86_64/two_1.0_x86_64.cpkg"), "");
    EXPECT_EQ(mirror_from(directory_).fetched_targets, 0U);
    Repository repository = Repository::open(copy_);
    EXPECT_EQ(verify(repository).targets, 2U);
}

TEST_F(MirrorTest, FollowsChannelsAndNewKeys) {
    mirror_from(directory_, trusted_);
    {
        Repository repository = Repository::open(directory_);
        delegate(repository, "testing", {.keys = {keys_.public_key(crypto::Role::targets)}}, Signing(keys_),
                 now);
        repo::publish(
            repository,
            plan_publish(repository, {.packages = {make_package("two")}, .channel = "testing"}, signers_),
            Signing(keys_), now);
        crypto::KeyDirectory bob = make_keys("bob");
        Signing both(keys_);
        both.add(bob);
        for (const char* role : {"root", "timestamp"})
            rotate(repository, role, {.replacement = {bob.public_key(key_of(role))}}, both, now);
    }
    EXPECT_EQ(mirror_from(directory_).root, 3U);
    EXPECT_NE(download_copy("testing/x86_64/two_1.0_x86_64.cpkg"), "");
    // A new copy, by a root in the middle of the chain.
    const std::string second = read_file(directory_ / "metadata/2.root.json");
    fs::remove_all(copy_);
    EXPECT_EQ(mirror_from(directory_, second).root, 3U);
    EXPECT_NE(download_copy("testing/x86_64/two_1.0_x86_64.cpkg"), "");
}

TEST_F(MirrorTest, BeginsWithATrustedRootOnly) {
    EXPECT_THAT(refusal_of([&] { mirror_from(directory_); }), HasSubstr("whose repository is it to be?"));
    const fs::path others = place_.path() / "others";
    crypto::KeyDirectory bob = make_keys("bob");
    Repository::init(others, bob, now);
    EXPECT_THAT(refusal_of([&] { mirror_from(others, trusted_); }), HasSubstr("not the one that is trusted"));
    mirror_from(directory_, trusted_);
    const auto before = contents(copy_);
    EXPECT_THAT(refusal_of([&] { mirror_from(others); }), HasSubstr("cannot trust 'timestamp'"));
    EXPECT_TRUE(contents(copy_) == before);
    write_file(place_.path() / "people" / "x", "");
    copy_ = place_.path() / "people";
    EXPECT_THAT(refusal_of([&] { mirror_from(directory_, trusted_); }),
                HasSubstr("neither empty nor a repository"));
}

TEST_F(MirrorTest, WhatClientsWouldRefuseLeavesTheCopyAsItIs) {
    const fs::path old = place_.path() / "old";
    fs::copy(directory_, old, fs::copy_options::recursive);
    publish({make_package("two")});
    mirror_from(directory_, trusted_);
    const auto before = contents(copy_);
    EXPECT_THAT(refusal_of([&] { mirror_from(old); }), HasSubstr("rollback"));
    EXPECT_THAT(refusal_of([&] { mirror_from(directory_, {}, now + 15 * day); }), HasSubstr("expired"));
    publish({make_package("three")});
    const std::string target = file_of("packages/x86_64/three_1.0_x86_64.cpkg");
    const fs::path file = directory_ / "targets" / target;
    const std::string whole = read_file(file);
    for (const std::string& bad : {whole.substr(1), whole + "x", std::string(whole.size(), 'x')}) {
        write_file(file, bad);
        EXPECT_NE(refusal_of([&] { mirror_from(directory_); }), "");
        EXPECT_TRUE(contents(copy_) == before);
    }
    fs::remove(file);
    EXPECT_THAT(refusal_of([&] { mirror_from(directory_); }), HasSubstr("there is no such file"));
    EXPECT_TRUE(contents(copy_) == before);
    write_file(file, whole);
    mirror_from(directory_);
    EXPECT_EQ(download_copy("packages/x86_64/three_1.0_x86_64.cpkg"), whole);
}

TEST_F(MirrorTest, RefusesEveryDamagedMetadataFile) {
    mirror_from(directory_, trusted_);
    const std::vector<std::string> known = list_files(directory_ / "metadata");
    publish({make_package("two")});
    const auto before = contents(copy_);
    std::size_t tried = 0;
    for (const std::string& file : list_files(directory_ / "metadata")) {
        if (std::ranges::contains(known, file) && file != "timestamp.json") continue;  // not fetched
        const std::string whole = read_file(directory_ / "metadata" / file);
        std::string damaged = whole;
        damaged[damaged.size() / 2] ^= 1;
        for (const std::string& bad : {damaged, std::string(), whole + std::string(2 << 20, ' ')}) {
            write_file(directory_ / "metadata" / file, bad);
            EXPECT_NE(refusal_of([&] { mirror_from(directory_); }), "") << file;
            EXPECT_TRUE(contents(copy_) == before) << file;
            ++tried;
        }
        write_file(directory_ / "metadata" / file, whole);
    }
    EXPECT_EQ(tried, 3U * 3U);  // timestamp, snapshot, one bin
    mirror_from(directory_);
}

/// The copying machine stops after any write: whoever reads the copy then sees the old state whole, or the
/// new one; and the copying goes on from there.
TEST_F(MirrorTest, StoppedAfterAnyWriteItIsWholeForReaders) {
    mirror_from(directory_, trusted_);
    const fs::path before = place_.path() / "before";
    fs::copy(copy_, before, fs::copy_options::recursive);
    publish({make_package("two"), make_package("three")});
    {
        Repository repository = Repository::open(directory_);
        repository.renew("root");
        repository.renew("targets");
        repository.commit(Signing(keys_), now);
    }
    const WriteOrder order(copy_, {"metadata", "targets/packages/x86_64"});
    mirror_from(directory_);
    const std::vector<std::string> writes = order.read();
    ASSERT_EQ(writes.size(),
              2U + 2U + 1U + 1U + 1U + 1U);  // targets, bins, targets role, snapshot, root, timestamp
    EXPECT_EQ(writes.back(), "metadata/timestamp.json");
    const fs::path whole = place_.path() / "whole";
    fs::rename(copy_, whole);
    for (std::size_t stop = 0; stop <= writes.size(); ++stop) {
        fs::remove_all(copy_);
        fs::copy(before, copy_, fs::copy_options::recursive);
        for (std::size_t index = 0; index < stop; ++index)
            fs::copy_file(whole / writes[index], copy_ / writes[index], fs::copy_options::overwrite_existing);
        fs::remove_all(state_);
        tuf::Client::init(trusted_, state_);
        EXPECT_EQ(refresh(copy_), stop == writes.size() ? 4U : 2U) << "stopped after " << stop;
        mirror_from(directory_);
        EXPECT_EQ(refresh(copy_), 4U);
        EXPECT_NE(download_copy("packages/x86_64/three_1.0_x86_64.cpkg"), "");
    }
}

TEST_F(MirrorTest, ANewCopyIsARepositoryWhenItIsWhole) {
    for (const char* folder : {"metadata", "targets/packages/x86_64"}) make_directories(copy_ / folder);
    const WriteOrder order(copy_, {"metadata", "targets/packages/x86_64"});
    mirror_from(directory_, trusted_);
    EXPECT_EQ(order.read().back(), "metadata/1.root.json");
}

TEST_F(MirrorTest, LeavesAServerThatNeverEnds) {
    support::HttpServer server;
    for (const std::string& file : list_files(directory_))
        if (!file.starts_with(".")) server.serve("/" + file, read_file(directory_ / file));
    const std::string target = "/targets/" + file_of(one);
    constexpr std::size_t much = 64 << 20;
    server.serve(target, read_file(directory_ / target.substr(1)) + std::string(much, 'x'));
    net::CurlTransport transport({.attempts = 1});
    const MirrorRequest request{.metadata_url = server.address("/metadata"),
                                .targets_url = server.address("/targets"),
                                .directory = copy_,
                                .trusted_root = trusted_,
                                .now = now};
    EXPECT_NE(refusal_of([&] { mirror(request, transport); }), "");
    EXPECT_LT(server.bytes_sent(), much / 4);
    server.serve(target, read_file(directory_ / target.substr(1)));
    EXPECT_EQ(mirror(request, transport).fetched_targets, 1U);
    EXPECT_NE(download_copy(one), "");
}

}  // namespace
}  // namespace cairn::repo
