#include "installer/api/errors.h"
#include "pkg/base/text.h"
#include "tests/support/http_server.h"
#include "tests/unit/installer/daemon/daemon_fixture.h"
#include "tests/unit/pkg/tuf/repository_maker.h"

namespace cairn::daemon {
namespace {

using Call = std::pair<std::string, Json>;

/// A device and a signed repository behind a server.
class UpdateControlTest : public DaemonTest {
  protected:
    UpdateControlTest() {
        clock_.time = tuf::RepositoryMaker::now;
        tuf::Targets& images = maker_.delegate(maker_.targets, "images", {"images/*/*/*", "images/*/*/*/*"});
        maker_.add_target(images, "images/base/x86_64/updates.json",
                          R"({"format": 1, "versions": {"1.0": {}, "2.0": {"date": "2026-11-21"}}})");
        maker_.add_target(images, "images/base/x86_64/2.0/image.json",
                          R"({"payload": {"tree_size": 10, "frames_size": 200, "frames_index_size": 3000},
                              "packages": [{"name": "zlib", "version": "1.3.1"}, {"name": "new", "version": "1"}]})");
        maker_.add_target(images, "images/base/x86_64/2.0/boot.json", "{}");
        maker_.publish();
        write("usr/share/cairn/root.json", read_file(maker_.path() / "1.root.json"));
    }

    /// All that the repository has now.
    void serve() {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(maker_.path())) {
            const std::string name = entry.path().lexically_relative(maker_.path());
            if (entry.is_regular_file())
                server_.serve((name.starts_with("targets/") ? "/" : "/metadata/") + name,
                              read_file(entry.path()));
        }
    }
    void set_repository(const std::string& address) {
        ask("PATCH", "/settings", Json{{"updates", {{"repository", address}}}}.dump());
        json("POST", "/tx/commit_and_apply", "{}");
        helper_.take_calls();
        take_events();
    }
    void begin() {
        serve();
        set_repository(server_.address());
    }
    fs::path stick() { return root() / "run/cairn/usb"; }
    /// As it is mounted: what the maker has now.
    void plug_stick_in() { plug_stick_in(maker_); }
    void plug_stick_in(const tuf::RepositoryMaker& maker) {
        fs::create_directories(stick() / "metadata");
        for (const fs::directory_entry& entry : fs::directory_iterator(maker.path()))
            if (entry.is_regular_file())
                fs::copy_file(entry.path(), stick() / "metadata" / entry.path().filename());
        if (fs::exists(maker.targets_path()))
            fs::copy(maker.targets_path(), stick() / "targets",
                     fs::copy_options::recursive | fs::copy_options::skip_existing);
    }
    void allow_sticks() {
        ask("PATCH", "/settings", R"({"updates": {"allow_usb": true, "repository": null}})");
        json("POST", "/tx/commit_and_apply", "{}");
        helper_.take_calls();
        take_events();
    }
    Json refresh(int status = 200) { return json("POST", "/actions/refresh-updates", "{}", status); }
    /// All of a refused refresh's answer as text.
    std::string refusal(int status) { return refresh(status).dump(); }
    Json last_command() { return json("GET", "/updates/status").at("most_recent_command"); }

    tuf::RepositoryMaker maker_;
    support::HttpServer server_;
};

TEST_F(UpdateControlTest, SaysWhatThereIsBeforeAnybodyAgrees) {
    EXPECT_EQ(json("GET", "/updates/status")["update_state"], "Idle");
    EXPECT_EQ(message("POST", "/actions/refresh-updates", "{}", 409), "no update repository is set");
    begin();
    const Json status = refresh();
    EXPECT_EQ(status["update_state"], "Available");
    EXPECT_EQ(status["available"],
              Json::parse(R"({"version": "2.0", "date": "2026-11-21", "notes": "notes of 2.0",
        "download_bytes": 3210, "changes": [{"package": "new", "from": null, "to": "1"},
        {"package": "old", "from": "1", "to": null}, {"package": "zlib", "from": "1.3.0", "to": "1.3.1"}]})"));
    EXPECT_EQ(status["last_refresh"], clock_.now());
    EXPECT_EQ(status["repository"], server_.address());
    EXPECT_EQ(status["most_recent_command"]["outcome"], "success");
    EXPECT_TRUE(fs::exists(root() / "var/lib/cairn/update/targets/images/base/x86_64/2.0/boot.json"));
    EXPECT_THAT(take_events(), ElementsAre("status"));
}

TEST_F(UpdateControlTest, RefusesMetadataThatHasExpired) {
    begin();
    clock_.time = tuf::RepositoryMaker::now + 31 * tuf::RepositoryMaker::day;
    EXPECT_THAT(refusal(422), HasSubstr("expired"));
    EXPECT_EQ(last_command()["outcome"], "failed");
    EXPECT_THAT(std::string(last_command()["message"]), HasSubstr("expired"));
}

TEST_F(UpdateControlTest, RefusesAnOlderRepositoryThanItKnows) {
    const std::string old_timestamp = read_file(maker_.path() / "timestamp.json");
    maker_.publish_next();
    begin();
    refresh();
    server_.serve("/metadata/timestamp.json", old_timestamp);
    EXPECT_THAT(refusal(422), HasSubstr("version"));
    EXPECT_EQ(json("GET", "/updates/status")["available"]["version"], "2.0") << "what was known stays known";
}

TEST_F(UpdateControlTest, RefusesWhatAnotherKeySigned) {
    maker_.signers["timestamp"] = {&maker_.new_key()};
    maker_.publish_timestamp();
    begin();
    EXPECT_THAT(refusal(422), HasSubstr("timestamp"));
}

TEST_F(UpdateControlTest, KeepsEveryRootForTheHelperAndNoneThatIsRefused) {
    ++maker_.root.version;
    maker_.publish_root();
    begin();
    server_.serve("/metadata/3.root.json", "{}");
    refresh(422);
    const fs::path state = root() / "var/lib/cairn/tuf";
    EXPECT_EQ(read_file(state / "2.root.json"), read_file(maker_.path() / "2.root.json"));
    EXPECT_FALSE(fs::exists(state / "3.root.json"));
}

TEST_F(UpdateControlTest, SaysThatTheServerIsGone) {
    set_repository("http://127.0.0.1:1/nothing");
    EXPECT_THAT(refusal(502), HasSubstr("127.0.0.1:1"));
    EXPECT_EQ(last_command()["outcome"], "failed");
}

TEST_F(UpdateControlTest, GivesASlowServerUp) {
    begin();
    server_.serve("/metadata/timestamp.json", {.content = read_file(maker_.path() / "timestamp.json"),
                                               .pause = std::chrono::seconds(30)});
    EXPECT_EQ(refresh(502)["error"].contains("message"), true);
}

TEST_F(UpdateControlTest, SaysThatThereIsNothingForThisImage) {
    write("usr/lib/cairn/release.json", R"({"name": "other", "version": "1.0", "architecture": "x86_64"})");
    start();
    begin();
    EXPECT_THAT(refusal(404), HasSubstr("images/other/x86_64/updates.json"));
}

TEST_F(UpdateControlTest, TakesAStickOnlyWhenTheSettingsSaySo) {
    plug_stick_in();
    EXPECT_EQ(ask("POST", "/actions/refresh-updates", "{}").status, 409);
    set_repository("file://" + (root() / "run/cairn/usb").string());
    EXPECT_THAT(message("POST", "/actions/refresh-updates", "{}", 409), HasSubstr("do not allow"));
    allow_sticks();
    EXPECT_EQ(refresh()["available"]["version"], "2.0");
    EXPECT_EQ(json("GET", "/updates/status")["repository"], "file://" + stick().string());
}

TEST_F(UpdateControlTest, TellsOfAStickThatComesAndOffersNothingOfOneThatIsGone) {
    allow_sticks();
    updates_->tick();
    EXPECT_EQ(json("GET", "/updates/status")["repository"], "");
    plug_stick_in();
    updates_->tick();
    EXPECT_THAT(take_events(), ElementsAre("status"));
    EXPECT_EQ(refresh()["available"]["version"], "2.0");
    take_events();
    fs::remove_all(stick() / "metadata");
    updates_->tick();
    EXPECT_EQ(json("GET", "/updates/status")["available"], nullptr);
    EXPECT_THAT(take_events(), ElementsAre("status"));
}

TEST_F(UpdateControlTest, KeepsWhatTheNetworkHasWhenAStickWithNothingNewIsPulled) {
    begin();
    refresh();
    plug_stick_in();
    updates_->tick();
    fs::remove_all(stick() / "metadata");
    updates_->tick();
    EXPECT_EQ(json("GET", "/updates/status")["available"]["version"], "2.0");
}

TEST_F(UpdateControlTest, RefusesAStickThatIsOlderThanWhatIsKnown) {
    plug_stick_in();
    maker_.publish_next();
    begin();
    refresh();
    allow_sticks();
    const std::string why = refusal(422);
    EXPECT_THAT(why, HasSubstr("older than what is known already"));
    EXPECT_THAT(why, HasSubstr("asking the USB stick"));
}

TEST_F(UpdateControlTest, RefusesAStickThatOthersSigned) {
    tuf::RepositoryMaker others;
    others.publish();
    plug_stick_in(others);
    allow_sticks();
    EXPECT_THAT(refusal(422), HasSubstr("cannot trust 'timestamp': 0 of its keys signed it"));
}

TEST_F(UpdateControlTest, RefusesAStickThatHasExpired) {
    plug_stick_in();
    allow_sticks();
    clock_.time = tuf::RepositoryMaker::now + 31 * tuf::RepositoryMaker::day;
    EXPECT_THAT(refusal(422), HasSubstr("expired"));
}

TEST_F(UpdateControlTest, PreparesThroughTheHelperAndServesItsFetches) {
    server_.serve("/targets/payload/bb.frames", "0123456789");
    begin();
    std::string fetched;
    helper_.set("prepare", [&](const Json&, net::Transport* fetch, auto& on_progress) -> Json {
        on_progress({.step = "blocks", .done = 1, .total = 2});
        fetch->get({.url = "payload/bb.frames", .offset = 4, .length = 3},
                   [&](auto bytes) { fetched.append(bytes.begin(), bytes.end()); });
        state_["step"] = "staged";
        state_["image"] = {{"name", "base"}, {"version", "2.0"}};
        return Json::object();
    });
    json("POST", "/actions/prepare-update", "{}", 202);
    updates_->wait();
    EXPECT_EQ(fetched, "456");
    EXPECT_THAT(helper_.take_calls(), ElementsAre(Call("prepare", {{"version", "2.0"}})));
    const Json status = json("GET", "/updates/status");
    EXPECT_EQ(status["update_state"], "Staged");
    EXPECT_EQ(status["staged"], Json::parse(R"({"version": "2.0"})"));
    EXPECT_EQ(status["progress"], nullptr);
    EXPECT_EQ(status["most_recent_command"]["command"], "prepare");
    EXPECT_THAT(take_events(), ElementsAre("progress", "status"));
}

TEST_F(UpdateControlTest, DoesOneThingAtATime) {
    begin();
    std::mutex gate;
    gate.lock();
    helper_.set("prepare", [&](auto&&...) -> Json {
        const std::scoped_lock wait(gate);
        return Json::object();
    });
    json("POST", "/actions/prepare-update", R"({"version": "2.0"})", 202);
    EXPECT_EQ(ask("POST", "/actions/activate-update", "{}").status, 423);
    EXPECT_EQ(ask("POST", "/actions/prepare-update", "{}").status, 423);
    EXPECT_EQ(ask("POST", "/actions/refresh-updates", "{}").status, 423);
    EXPECT_EQ(ask("GET", "/updates/status").status, 200);
    gate.unlock();
    updates_->wait();
    EXPECT_EQ(ask("POST", "/actions/activate-update", "{}").status, 200);
}

TEST_F(UpdateControlTest, PreparesNothingWhileTheRunningVersionIsOnTrial) {
    begin();
    state_["running"]["is_good"] = false;
    EXPECT_EQ(ask("POST", "/actions/prepare-update", "{}").status, 409);
    EXPECT_TRUE(helper_.take_calls().empty());
}

TEST_F(UpdateControlTest, KeepsWhyAPrepareFailed) {
    begin();
    helper_.fail("prepare", UsageError("slot 'b' is too small for the update"));
    json("POST", "/actions/prepare-update", "{}", 202);
    updates_->wait();
    EXPECT_THAT(std::string(last_command()["message"]), HasSubstr("too small"));
    start();  // also across restarts
    EXPECT_THAT(std::string(last_command()["message"]), HasSubstr("too small"));
    EXPECT_THAT(std::string(json("GET", "/updates/status")["story"].back()),
                HasSubstr("prepare failed: slot 'b' is too small"));
    json("POST", "/actions/prepare-update", R"({"version": "7.0"})", 202);
    updates_->wait();
    EXPECT_THAT(std::string(last_command()["message"]), HasSubstr("7.0"));
}

TEST_F(UpdateControlTest, EndsAPrepareWhenTheDaemonEnds) {
    begin();
    std::atomic<bool> has_begun = false;
    helper_.set("prepare", [&](const Json&, auto*, auto& on_progress) -> Json {
        for (;;) {
            has_begun = true;
            on_progress({.step = "blocks"});
        }
    });
    json("POST", "/actions/prepare-update", "{}", 202);
    while (!has_begun) std::this_thread::yield();
    updates_.reset();  // must return
    start();
    EXPECT_EQ(last_command()["outcome"], "failed");
}

TEST_F(UpdateControlTest, PassesTheHelpersRefusalsOn) {
    helper_.fail("activate", api::Conflict("nothing is staged"));
    EXPECT_EQ(message("POST", "/actions/activate-update", "{}", 409), "nothing is staged");
    EXPECT_EQ(ask("POST", "/actions/clear-denied", "{}").status, 400);
    json("POST", "/actions/clear-denied", R"({"version": "2.0"})");
    json("POST", "/actions/reboot", R"({"reason": "new lamp"})");
    helper_.take_calls();
    EXPECT_EQ(last_command()["command"], "reboot");
    helper_.fail("state", NetworkError("cannot reach the helper"));
    start();
    const Json status = json("GET", "/updates/status");
    EXPECT_EQ(status["running"]["version"], "1.0");
    EXPECT_THAT(std::string(status["story"].back()), HasSubstr("cannot reach the helper"));
}

TEST_F(UpdateControlTest, LooksForUpdatesByItself) {
    begin();
    updates_->tick();
    EXPECT_EQ(last_command(), nullptr) << "not at once";
    clock_.boot += 60;
    updates_->tick();
    EXPECT_EQ(json("GET", "/updates/status")["update_state"], "Available");
    const std::size_t requests = server_.requests().size();
    clock_.boot += 59 * 60;
    updates_->tick();
    EXPECT_EQ(server_.requests().size(), requests);
    clock_.boot += 60;
    updates_->tick();
    EXPECT_GT(server_.requests().size(), requests);
}

TEST_F(UpdateControlTest, ACheckOfItsOwnGivesWayToPeople) {
    begin();
    server_.serve("/metadata/timestamp.json", {.content = read_file(maker_.path() / "timestamp.json"),
                                               .pause = std::chrono::seconds(600)});
    clock_.boot += 60;
    std::thread check([&] { updates_->tick(); });
    while (!std::ranges::contains(server_.requests(), "GET /metadata/timestamp.json"))
        std::this_thread::yield();
    json("POST", "/actions/activate-update", "{}");
    check.join();
    EXPECT_EQ(last_command()["command"], "activate");
    EXPECT_EQ(last_command()["outcome"], "success");
}

}  // namespace
}  // namespace cairn::daemon
