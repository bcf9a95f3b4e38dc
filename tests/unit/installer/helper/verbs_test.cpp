#include "installer/helper/verbs.h"

#include <sys/socket.h>

#include <future>

#include "installer/api/errors.h"
#include "installer/settings/formats.h"
#include "installer/settings/store.h"
#include "installer/slots/deny_list.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::helper {
namespace {

using ::testing::ElementsAre;

/// The verbs over a machine of files, with a client that fetches from a folder.
class VerbsTest : public ::testing::Test {
  protected:
    /// A request and what the client gets for it.
    Json call(Json request) {
        int ends[2];
        CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        const api::FrameChannel helper(Fd(ends[0]), "the client");
        auto client = std::async(std::launch::async, [this, end = ends[1]] { serve_client(Fd(end)); });
        Session session(helper);
        const auto end_client = [&] {
            helper.send(Json{{"result", nullptr}});
            client.get();
        };
        Json result;
        try {
            result = verbs_.serve(request, session);
        } catch (...) {
            end_client();
            throw;
        }
        end_client();
        return result;
    }
    Json do_verb(const char* verb) { return call({{"do", verb}}); }
    void expect_usage_error(const Json& request) {
        int ends[2];
        CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        const api::FrameChannel helper(Fd(ends[0]), "the client");
        const Fd other(ends[1]);
        Session session(helper);
        EXPECT_THROW(verbs_.serve(request, session), UsageError) << request;
    }

    update::UpdateWorld world_;
    std::vector<std::string> restarted_;
    std::vector<std::string> said_;
    Verbs verbs_{{.device = world_.device(),
                  .settings = {.places = settings::Places::below(world_.place() / "root")},
                  .restart_service = [this](const std::string& name) { restarted_.push_back(name); },
                  .say = [this](const std::string& text) { said_.push_back(text); }}};
    std::size_t progress_ = 0;

  private:
    void serve_client(Fd end) {
        const api::FrameChannel channel(std::move(end), "the helper");
        update::FolderTransport files(world_.place() / "server");
        for (;;) {
            const Json said = channel.receive_json();
            if (said.contains("result")) return;
            if (said.contains("progress")) ++progress_;
            if (!said.contains("fetch")) continue;
            const Json& wanted = said["fetch"];
            net::Request request = {.url = wanted["path"], .offset = wanted["offset"]};
            if (!wanted["length"].is_null()) request.length = wanted["length"];
            files.get(request, [&](std::span<const std::uint8_t> bytes) { channel.send_bytes(bytes); });
            channel.send(Json{{"fetched", "complete"}});
        }
    }
};

TEST_F(VerbsTest, AnUpdateFromStateToState) {
    Json state = do_verb("state");
    EXPECT_EQ(state["step"], "idle");
    EXPECT_EQ(state["running"], Json({{"name", "base"},
                                      {"version", "1.0"},
                                      {"architecture", "x86_64"},
                                      {"slot", "a"},
                                      {"root_hash", world_.v1.root_hash()},
                                      {"is_good", true},
                                      {"on_trial", false},
                                      {"tries_left", nullptr}}));
    EXPECT_EQ(state["other"], nullptr);

    const Json counts = call({{"do", "prepare"}, {"version", "2.0"}});
    EXPECT_GT(counts["blocks_fetched"], 30);
    EXPECT_GT(progress_, 0U);
    EXPECT_EQ(do_verb("state")["step"], "staged");
    do_verb("activate");
    state = do_verb("state");
    EXPECT_EQ(state["step"], "ready");
    EXPECT_EQ(state["image"], Json({{"name", "base"}, {"version", "2.0"}}));
    EXPECT_EQ(state["other"]["root_hash"], world_.v2.root_hash());
    EXPECT_EQ(state["boots"][0]["event"], "trial");
    do_verb("deactivate");
    EXPECT_EQ(do_verb("state")["step"], "staged");
    EXPECT_EQ(world_.machine_.restarts, 0);
}

TEST_F(VerbsTest, RestartsAreAskedForWithTheirReason) {
    EXPECT_EQ(call({{"do", "reboot"}, {"reason", "an operator wants it"}}), Json::object());
    EXPECT_EQ(world_.machine_.restarts, 1);
    EXPECT_THAT(said_, ElementsAre("the machine restarts: an operator wants it"));
    EXPECT_EQ(call({{"do", "fail_boot"}, {"cause", "no good"}}), Json({{"reboots", false}}));
    EXPECT_EQ(world_.machine_.restarts, 1);
}

TEST_F(VerbsTest, TellsOfATrialThatFailedAndJudgesIt) {
    call({{"do", "prepare"}, {"version", "2.0"}});
    do_verb("activate");
    const auto folder = world_.machine_.boot_folder();
    std::filesystem::rename(folder / "base_2.0+3-0.efi", folder / "base_2.0+0-3.efi");
    const Json state = do_verb("state");
    EXPECT_EQ(state["step"], "failed");
    EXPECT_EQ(state["failed_trial"]["tries"], 3);
    EXPECT_EQ(call({{"do", "judge"}, {"failure", nullptr}})["ban"], "denied");
    EXPECT_EQ(call({{"do", "judge"}, {"failure", nullptr}}), Json::object());
    EXPECT_EQ(do_verb("state")["denied"][0]["version"], "2.0");
    call({{"do", "clear_denied"}, {"version", "2.0"}});
    EXPECT_EQ(do_verb("state")["denied"], Json::array());
}

TEST_F(VerbsTest, AChangeOfSettingsRestartsWhatUsesThem) {
    const auto image = world_.place() / "root/usr/lib/cairn";
    make_directories(image / "settings");
    make_directories(image / "templates");
    make_directories(world_.place() / "root/etc");
    EXPECT_EQ(call({{"do", "apply_settings"}, {"values", Json::object()}}),
              Json({{"files", Json::array()}, {"services", Json::array()}}));
    call({{"do", "restart_service"}, {"name", "app"}});
    EXPECT_THAT(restarted_, ElementsAre("app"));
}

TEST_F(VerbsTest, ARollbackGivesTheOlderVersionWhatWasSetSince) {
    const settings::Places places = settings::Places::below(world_.place() / "root");
    make_directories(places.store);
    make_directories(places.image / "migrations");
    settings::start_version(places, {.format = 1}, "0.9", 1);
    write_file(places.image / "release.json", R"({"settings_format": 2})");
    write_file(places.image / "migrations/1.toml",
               "format = 1\nfrom = 1\n[[step]]\ndo = \"move\"\npath = \"host\"\nto = \"name\"\n");
    settings::Store(places.store_of(2)).commit_migrated({.values = {{"name", "gate"}}}, 1, {});

    const update::MadeVersion old = update::make_version("0.9", testing::make_root(100, 9));
    write_file(world_.machine_.boot_folder() / "base_0.9.efi", old.boot_file);
    world_.write_slot(layout::Slot::b, old);
    do_verb("rollback");
    EXPECT_EQ(settings::read_stored(places.store_of(1)).values, Json({{"host", "gate"}}));
    EXPECT_EQ(world_.machine_.restarts, 1);
}

/// Settings of format 1 on the device, and a 2.0 that has them in format 2.
class VerbsWithSettings : public VerbsTest {
  protected:
    VerbsWithSettings() {
        make_directories(places_.store);
        make_directories(newer_ / "migrations");
        make_directories(newer_ / "settings");
        settings::start_version(places_, {.format = 1}, "1.0", 1);
        settings::Store(places_.store_of(1)).commit_migrated({.values = {{"host", "gate"}}}, 1, {});
        write_file(newer_ / "release.json", R"({"settings_format": 2})");
        write_file(newer_ / "migrations/1.toml",
                   "format = 1\nfrom = 1\n[[step]]\ndo = \"move\"\npath = \"host\"\nto = \"name\"\n");
        allow("[a-z]+");
        call({{"do", "prepare"}, {"version", "2.0"}});
    }
    void allow(const std::string& pattern) {
        write_file(newer_ / "settings/name.toml",
                   std::format("format = 1\n[[setting]]\npath = \"name\"\ndescription = \"its name\"\n"
                               "type = \"string\"\npattern = \"{}\"\n",
                               pattern));
    }

    settings::Places places_ = settings::Places::below(world_.place() / "root");
    std::filesystem::path newer_ = world_.machine_.top_of(world_.v2.tree.root_hash) / "usr/lib/cairn";
};

TEST_F(VerbsWithSettings, AVersionThatTakesThemIsActivatedAndNothingIsMigratedBefore) {
    do_verb("activate");
    EXPECT_EQ(do_verb("state")["step"], "ready");
    EXPECT_FALSE(std::filesystem::exists(places_.store_of(2)));
}

TEST_F(VerbsWithSettings, AVersionThatCannotTakeThemIsRefusedWithTheReason) {
    allow("[0-9]+");
    try {
        do_verb("activate");
        ADD_FAILURE() << "it was activated";
    } catch (const api::Conflict& error) {
        EXPECT_THAT(error.report(), ::testing::HasSubstr("name"));
        EXPECT_THAT(error.report(), ::testing::HasSubstr("[0-9]+"));
    }
    EXPECT_EQ(do_verb("state")["step"], "staged");
}

TEST_F(VerbsWithSettings, AVersionWithoutTheWayThereIsRefused) {
    std::filesystem::remove(newer_ / "migrations/1.toml");
    EXPECT_THROW(do_verb("activate"), api::Conflict);
}

TEST_F(VerbsWithSettings, AVersionThatDescribesThemInAWayOfItsOwnIsLeftToItsTrial) {
    write_file(newer_ / "settings/name.toml", "format = 2\n");
    do_verb("activate");
    EXPECT_THAT(said_, ::testing::Contains(::testing::HasSubstr("cannot be tried before the reboot")));
}

TEST_F(VerbsTest, RefusesWhatIsNoRequest) {
    for (const Json& request :
         {Json::object(), Json({{"do", 1}}), Json({{"do", "format_disk"}}), Json({{"do", "state"}, {"x", 1}}),
          Json({{"do", "prepare"}}), Json({{"do", "prepare"}, {"version", 2}}),
          Json({{"do", "prepare"}, {"version", ""}}),
          Json({{"do", "prepare"}, {"version", std::string(65, '1')}}),
          Json({{"do", "prepare"}, {"version", "../2.0"}}),
          Json({{"do", "prepare"}, {"version", "2.0\x1b[2J"}}),
          Json({{"do", "reboot"}, {"reason", std::string(5000, 'x')}}),
          Json({{"do", "apply_settings"}, {"values", 1}}), Json({{"do", "judge"}})})
        expect_usage_error(request);
    EXPECT_EQ(world_.machine_.restarts, 0);
}

TEST_F(VerbsTest, OneStepOfAnUpdateAtATime) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const api::FrameChannel client(Fd(ends[1]), "the helper");
    auto prepare = std::async(std::launch::async, [&, end = ends[0]] {
        const api::FrameChannel helper(Fd(end), "the client");
        Session session(helper);
        verbs_.serve({{"do", "prepare"}, {"version", "2.0"}}, session);
    });
    client.receive_json();  // it asks for bytes, and waits
    int others[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
    const api::FrameChannel second(Fd(others[0]), "the client");
    const Fd unused(others[1]);
    Session session(second);
    EXPECT_THROW(verbs_.serve({{"do", "activate"}}, session), api::Busy);
    EXPECT_EQ(verbs_.serve({{"do", "state"}}, session)["step"], "idle");
    client.send(Json{{"failed", api::error_to_json(NetworkError("gone"))}});
    EXPECT_THROW(prepare.get(), NetworkError);
}

}  // namespace
}  // namespace cairn::helper
