#include "pkg/tuf/client.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/net/curl_transport.h"
#include "tests/support/http_server.h"
#include "tests/unit/pkg/tuf/client_fixture.h"

namespace cairn::tuf {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST_F(TufClient, KeepsWhatItTrustsAsItWasReceived) {
    start();
    refresh();
    EXPECT_EQ(read_state(), (std::map<std::string, std::string>{
                                {"root.json", read_file(repository_.path() / "1.root.json")},
                                {"timestamp.json", read_file(repository_.path() / "timestamp.json")},
                                {"snapshot.json", read_file(repository_.path() / "1.snapshot.json")},
                                {"targets.json", read_file(repository_.path() / "1.targets.json")}}));
}

TEST_F(TufClient, FetchesOnlyWhatChanged) {
    start();
    refresh();
    fs::remove(repository_.path() / "1.snapshot.json");
    fs::remove(repository_.path() / "1.targets.json");
    refresh();
}

TEST_F(TufClient, DownloadsATarget) {
    repository_.add_target(repository_.targets, "folder/file name.txt", "content");
    start();
    const fs::path file = download("folder/file name.txt");
    EXPECT_EQ(file, output_ / "folder/file name.txt");
    EXPECT_EQ(read_file(file), "content");
    write_file(file, "changed");
    EXPECT_EQ(read_file(download("folder/file name.txt")), "content");
    EXPECT_THAT(refusal_of([&] { download("other"); }), HasSubstr("no target 'other'"));
    EXPECT_THAT(refusal_of([&] { download("../other"); }), HasSubstr("plain relative path"));
}

TEST_F(TufClient, ReadsRepositoriesWithoutConsistentSnapshots) {
    repository_.root.has_consistent_snapshots = false;
    repository_.has_hashes = false;
    repository_.targets.targets["a"] = {.length = 1,
                                        .hashes = {{"sha256", crypto::hash_sha256("a").to_hex()}}};
    make_directories(repository_.targets_path());
    write_file(repository_.targets_path() / "a", "a");
    start();
    EXPECT_EQ(read_file(download("a")), "a");
}

TEST_F(TufClient, NeedsARootOnceAndKeepsIt) {
    EXPECT_THAT(refresh_refusal(), HasSubstr("no trusted metadata"));
    start();
    Client::init(read_file(repository_.path() / "1.root.json"), state_);
    repository_.root.expires += 1;
    const std::string other = repository_.sign(repository_.root, "root");
    EXPECT_THAT(refusal_of([&] { Client::init(other, state_); }), HasSubstr("another trusted root"));
    repository_.signers["root"] = {&repository_.new_key()};
    const std::string unsigned_root = repository_.sign(repository_.root, "root");
    EXPECT_THAT(refusal_of([&] { Client::init(unsigned_root, place_.path() / "new"); }),
                HasSubstr("cannot trust"));
}

// Root rotation.

TEST_F(TufClient, FollowsRootsOneByOne) {
    start();
    for (int step = 0; step < 3; ++step) {
        crypto::SecretKey* const old_key = repository_.signers["root"].front();
        repository_.rotate("root");
        ++repository_.root.version;
        repository_.signers["root"].push_back(old_key);
        repository_.publish_root();
        repository_.signers["root"].pop_back();
    }
    refresh();
    EXPECT_EQ(known_version("root"), 4U);
}

TEST_F(TufClient, RefusesARootThatTheOldKeysDidNotSign) {
    start();
    repository_.rotate("root");
    ++repository_.root.version;
    repository_.publish_root();
    EXPECT_THAT(refresh_refusal(), HasSubstr("cannot trust 'root'"));
    EXPECT_EQ(known_version("root"), 1U);
}

TEST_F(TufClient, RefusesARootThatItsNewKeysDidNotSign) {
    start();
    crypto::SecretKey* const old_key = repository_.signers["root"].front();
    repository_.rotate("root");
    repository_.signers["root"] = {old_key};
    ++repository_.root.version;
    repository_.publish_root();
    EXPECT_THAT(refresh_refusal(), HasSubstr("'root' by its own keys"));
}

TEST_F(TufClient, RefusesARootOfAnotherVersionThanItsName) {
    start();
    repository_.root.version = 3;
    repository_.write("2.root.json", repository_.sign(repository_.root, "root"));
    EXPECT_THAT(refresh_refusal(), HasSubstr("version 3, and version 2 is promised"));
}

TEST_F(TufClient, TakesExpiredRootsOnTheWayButNotAtTheEnd) {
    start();
    repository_.root.version = 2;
    repository_.root.expires = now_ - 1;
    repository_.publish_root();
    EXPECT_THAT(refresh_refusal(), HasSubstr("cannot trust 'root': it expired"));
    repository_.root.version = 3;
    repository_.root.expires = now_ + 1;
    repository_.publish_root();
    refresh();
    EXPECT_EQ(known_version("root"), 3U);
}

TEST_F(TufClient, RecoversFromFastForwardByNewKeys) {
    for (const char* role : {"timestamp", "snapshot"}) {
        fs::remove_all(state_);
        repository_.timestamp.version = 99'999;
        repository_.snapshot.version = 99'999;
        repository_.publish();
        Client::init(read_file(repository_.path() / std::format("{}.root.json", repository_.root.version)),
                     state_);
        refresh();
        repository_.timestamp.version = 1;
        repository_.snapshot.version = 1;
        repository_.publish_snapshot();
        EXPECT_THAT(refresh_refusal(), HasSubstr("rollback")) << role;
        repository_.rotate(role);
        ++repository_.root.version;
        repository_.publish();
        refresh();
        EXPECT_EQ(known_version("timestamp"), 1U) << role;
        EXPECT_EQ(known_version("snapshot"), 1U) << role;
    }
}

// Rollback, freeze, mix-and-match.

TEST_F(TufClient, RefusesAnOlderTimestamp) {
    repository_.timestamp.version = 5;
    start();
    refresh();
    const auto before = read_state();
    repository_.timestamp.version = 4;
    repository_.publish_timestamp();
    EXPECT_THAT(refresh_refusal(),
                HasSubstr("'timestamp': it is older than what is known already: version 4, after version 5"));
    EXPECT_EQ(read_state(), before);
}

TEST_F(TufClient, RefusesATimestampThatNamesAnOlderSnapshot) {
    repository_.snapshot.version = 5;
    start();
    refresh();
    repository_.snapshot.version = 4;
    ++repository_.timestamp.version;
    repository_.publish_snapshot();
    EXPECT_THAT(refresh_refusal(), HasSubstr("rollback"));
}

TEST_F(TufClient, RefusesASnapshotThatListsAnOlderRole) {
    repository_.targets.version = 5;
    start();
    refresh();
    repository_.targets.version = 4;
    ++repository_.timestamp.version;
    ++repository_.snapshot.version;
    repository_.publish();
    EXPECT_THAT(refresh_refusal(), HasSubstr("lists 'targets.json'"));
}

TEST_F(TufClient, RefusesASnapshotThatForgetsARole) {
    repository_.delegate(repository_.targets, "images", {"images/*"});
    start();
    refresh();
    repository_.delegated.clear();
    repository_.snapshot.files.clear();
    repository_.publish_next();
    EXPECT_THAT(refresh_refusal(), HasSubstr("no longer lists 'images.json'"));
}

TEST_F(TufClient, RefusesEachRoleOnceItExpired) {
    for (Head* role :
         std::initializer_list<Head*>{&repository_.timestamp, &repository_.snapshot, &repository_.targets}) {
        fs::remove_all(state_);
        const Time before = std::exchange(role->expires, now_);
        start();
        EXPECT_THAT(refresh_refusal(), HasSubstr("it expired on 2027-01-15T08:00:00Z"));
        role->expires = now_ + 1;
        fs::remove_all(state_);
        start();
        EXPECT_EQ(refresh_refusal(), "");
        role->expires = before;
    }
}

TEST_F(TufClient, AServerThatStandsStillIsFoundOutWhenTheTimestampExpires) {
    start();
    refresh();
    now_ += 31 * RepositoryMaker::day;
    EXPECT_THAT(refresh_refusal(), HasSubstr("freeze"));
}

TEST_F(TufClient, RefusesPartsOfDifferentStates) {
    start();
    const std::string old_snapshot = read_file(repository_.path() / "1.snapshot.json");
    const std::string old_targets = read_file(repository_.path() / "1.targets.json");
    repository_.publish_next();
    const std::string new_snapshot = read_file(repository_.path() / "2.snapshot.json");
    repository_.write("2.snapshot.json", old_snapshot);
    EXPECT_THAT(refresh_refusal(), HasSubstr("cannot trust 'snapshot'"));
    repository_.write("2.snapshot.json", new_snapshot);
    repository_.write("2.targets.json", old_targets);
    EXPECT_THAT(refresh_refusal(), HasSubstr("cannot trust 'targets'"));
    // The same without hashes in snapshot and timestamp: then the versions tell.
    repository_.has_hashes = false;
    repository_.publish_next();
    repository_.write("3.targets.json", old_targets);
    EXPECT_THAT(refresh_refusal(), HasSubstr("version 1, and version 3 is promised"));
}

// Wrong keys and thresholds.

TEST_F(TufClient, RefusesEachRoleSignedByAnotherKey) {
    for (const char* role : {"timestamp", "snapshot", "targets"}) {
        fs::remove_all(state_);
        const auto right = std::exchange(repository_.signers[role], {&repository_.new_key()});
        start();
        EXPECT_THAT(refresh_refusal(), HasSubstr(std::format("cannot trust '{}': 0 of its keys", role)));
        repository_.signers[role] = right;
    }
}

TEST_F(TufClient, OneKeyOfTwoIsNotEnough) {
    crypto::SecretKey& second = repository_.new_key();
    const Key key = make_key(second.public_key());
    repository_.root.keys[id_of(key)] = key;
    repository_.root.roles["targets"].key_ids.push_back(id_of(key));
    repository_.root.roles["targets"].threshold = 2;
    start();
    EXPECT_THAT(refresh_refusal(), HasSubstr("'targets': 1 of its keys signed it, and 2 must have"));
    repository_.signers["targets"].push_back(&second);
    repository_.publish_next();
    refresh();
}

TEST_F(TufClient, AKeyUnderTwoIdsCountsOnce) {
    const Key key = make_key(repository_.signers["targets"].front()->public_key());
    repository_.root.keys[std::string(64, 'a')] = key;
    repository_.root.roles["targets"].key_ids.push_back(std::string(64, 'a'));
    repository_.root.roles["targets"].threshold = 2;
    start();
    Json json = parse_json(read_file(repository_.path() / "1.targets.json"), "targets");
    json["signatures"].push_back({{"keyid", std::string(64, 'a')}, {"sig", json["signatures"][0]["sig"]}});
    repository_.has_hashes = false;
    repository_.publish_snapshot();
    repository_.snapshot.files["targets.json"] = {.version = 1};
    repository_.publish_snapshot();
    repository_.write("1.targets.json", format_json(json));
    EXPECT_THAT(refresh_refusal(), HasSubstr("1 of its keys signed it, and 2 must have"));
}

TEST_F(TufClient, RefusesTwoSignaturesUnderOneId) {
    start();
    Json json = parse_json(read_file(repository_.path() / "timestamp.json"), "timestamp");
    json["signatures"].push_back(json["signatures"][0]);
    repository_.write("timestamp.json", format_json(json));
    EXPECT_THAT(refresh_refusal(), HasSubstr("has two of key"));
}

// Arbitrary software, endless data, lengths.

TEST_F(TufClient, RefusesATargetWithOtherBytes) {
    repository_.add_target(repository_.targets, "file", "content");
    start();
    const fs::path served = repository_.targets_path() / (crypto::hash_sha256("content").to_hex() + ".file");
    write_file(served, "Content");
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("its hash is not the one that is promised"));
    write_file(served, "content and more");
    EXPECT_NE(refusal_of([&] { download("file"); }), "");
    write_file(served, "cont");
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("4 bytes, and 7 are promised"));
    fs::remove(served);
    EXPECT_THAT(refusal_of([&] { download("file"); }), HasSubstr("no such file"));
    EXPECT_TRUE(!fs::exists(output_) || fs::is_empty(output_));
}

/// A server that would never end, and a way there that bounds nothing itself.
class EndlessTransport final : public net::Transport {
  public:
    explicit EndlessTransport(net::Transport& metadata) : metadata_(metadata) {}
    net::Outcome get(const net::Request& request, const net::Sink& sink) override {
        if (!request.url.contains("/targets/")) return metadata_.get(request, sink);
        const std::array<std::uint8_t, 4096> piece = {};
        for (; given_ < most; given_ += piece.size()) sink(piece);
        throw NetworkError("nobody stopped it");
    }
    std::size_t given() const { return given_; }

  private:
    static constexpr std::size_t most = 64 << 20;
    net::Transport& metadata_;
    std::size_t given_ = 0;
};

TEST_F(TufClient, CutsEndlessDataOffAtThePromisedLength) {
    repository_.add_target(repository_.targets, "file", "content");
    start();
    EndlessTransport endless(transport_);
    Client client({.state = state_, .metadata_mirrors = mirrors_, .now = now_}, endless);
    client.refresh();
    EXPECT_THAT(refusal_of([&] { client.download("file", {repository_.address() + "/targets"}, output_); }),
                HasSubstr("cannot trust target 'file': it has more than the 7 bytes"));
    EXPECT_EQ(endless.given(), 0U);  // not one piece more than the one that was too much
    EXPECT_TRUE(fs::is_empty(output_));
}

TEST_F(TufClient, AServerThatSendsWithoutEndIsLeftAtOnce) {
    repository_.add_target(repository_.targets, "file", "content");
    start();
    support::HttpServer server;
    const std::string path = "/" + crypto::hash_sha256("content").to_hex() + ".file";
    constexpr std::size_t much = 64 << 20;
    server.serve(path, "content" + std::string(much, 'x'));
    net::CurlTransport curl({.attempts = 1});
    net::SchemeTransport both(transport_, curl);
    Client client({.state = state_, .metadata_mirrors = mirrors_, .now = now_}, both);
    client.refresh();
    EXPECT_NE(refusal_of([&] { client.download("file", {server.address()}, output_); }), "");
    EXPECT_LT(server.bytes_sent(), much / 4);  // what fits into the buffers of a connection
    EXPECT_EQ(server.requests(), std::vector<std::string>{"GET " + path});
}

TEST_F(TufClient, BoundsEveryMetadataFile) {
    start();
    const std::string spaces(2'000'000, ' ');
    for (const char* file : {"2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}) {
        const auto before = find_file(repository_.path() / file);
        repository_.write(file, before.value_or("{}") + spaces);
        EXPECT_THAT(refresh_refusal(), HasSubstr("larger than")) << file;
        if (before)
            repository_.write(file, *before);
        else
            fs::remove(repository_.path() / file);
    }
    refresh();
}

TEST_F(TufClient, GivesUpOnEndlessRoots) {
    start();
    for (int count = 0; count < 3; ++count) {
        ++repository_.root.version;
        repository_.publish_root();
    }
    ClientOptions options{.state = state_, .metadata_mirrors = mirrors_, .now = now_};
    options.limits.roots = 2;
    Client client(options, transport_);
    EXPECT_THAT(refusal_of([&] { client.refresh(); }), HasSubstr("more than 2 new roots"));
}

TEST_F(TufClient, GivesUpOnServersThatAreSlow) {
    start();
    support::HttpServer server;
    server.serve("/2.root.json", support::ServedFile{.content = "", .status = 404});
    server.serve("/timestamp.json",
                 support::ServedFile{.content = read_file(repository_.path() / "timestamp.json"),
                                     .pause = std::chrono::seconds(30)});
    net::CurlTransport curl({.connect_timeout = std::chrono::seconds(1),
                             .low_speed_bytes = 1000,
                             .low_speed_time = std::chrono::seconds(1),
                             .attempts = 1});
    net::SchemeTransport both(transport_, curl);
    const auto refresh_from = [&](const std::vector<std::string>& mirrors) {
        Client({.state = state_, .metadata_mirrors = mirrors, .now = now_}, both).refresh();
    };
    EXPECT_THAT(refusal_of([&] { refresh_from({server.address()}); }), HasSubstr("timestamp.json"));
    refresh_from({server.address(), repository_.address()});  // the next mirror does it
}

/// The first cannot be reached, the second has a next root that is none, the third has no next root: there is
/// none. With no mirror that says so there may be one, and nothing goes on without it.
TEST_F(TufClient, AMirrorThatIsGoneOrLiesHoldsNoRootUp) {
    start();
    support::HttpServer liar;
    liar.serve("/2.root.json", "{}");
    net::CurlTransport curl({.connect_timeout = std::chrono::seconds(1), .attempts = 1});
    net::SchemeTransport both(transport_, curl);
    const auto refresh_from = [&](const std::vector<std::string>& mirrors) {
        Client({.state = state_, .metadata_mirrors = mirrors, .now = now_}, both).refresh();
    };
    const std::string gone = "http://127.0.0.1:9";
    EXPECT_THAT(refusal_of([&] { refresh_from({gone}); }), HasSubstr("2.root.json"));
    EXPECT_THAT(refusal_of([&] { refresh_from({gone, liar.address()}); }), HasSubstr("2.root.json"));
    refresh_from({gone, liar.address(), repository_.address()});
    EXPECT_EQ(known_version("timestamp"), 1U);
}

TEST_F(TufClient, GoesOnToTheNextMirrorWhenOneLies) {
    repository_.add_target(repository_.targets, "file", "content");
    start();
    TemporaryDirectory liar;
    write_file(liar.path() / "timestamp.json", "{}");
    write_file(liar.path() / "2.root.json", "nonsense");
    mirrors_ = {"file:///nowhere", repository_.address()};
    refresh();
    mirrors_ = {"file://" + liar.path().string()};
    EXPECT_NE(refresh_refusal(), "");
}

// Delegations.

}  // namespace
}  // namespace cairn::tuf
