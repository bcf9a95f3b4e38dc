#include "installer/daemon/health_loop.h"

#include "installer/daemon/api_clients.h"
#include "installer/daemon/services_json.h"
#include "tests/unit/installer/daemon/daemon_fixture.h"

namespace cairn::daemon {
namespace {

using Call = std::pair<std::string, Json>;

/// A machine on which everything is well but what a test says.
class FakeProbe final : public health::Probe {
  public:
    services::ServiceList read_services() override {
        return {.services = {{.name = "app", .state = state}}, .have_all_been_up = true};
    }
    std::string read_log_end(const std::string&) override { return "last words"; }
    HttpAnswer ask_http(const health::HttpStatus&) override { return {.status = 200}; }
    HttpAnswer ask_api() override { return {.status = 200}; }
    std::optional<std::string> connect_tcp(const health::TcpConnects&) override { return std::nullopt; }
    ProgramResult run(const fs::path&) override { return {.status = 0}; }
    std::optional<std::chrono::seconds> find_age(const fs::path&) override { return std::nullopt; }
    std::optional<std::string> find_settings_problem() override { return std::nullopt; }
    std::optional<std::string> find_root_damage() override { return std::nullopt; }

    services::ServiceState state = services::ServiceState::up;
};

class HealthLoopTest : public DaemonTest {
  protected:
    void SetUp() override {
        clock_.boot = 20;
        loop_.emplace(device_, HealthLoop::Powers{.plan = [this] { return health::plan_health({}, root()); },
                                                  .probe = probe_,
                                                  .on_judged = [this] { ++judged_; }});
    }
    void run_for(int seconds) {
        for (int passed = 0; passed < seconds; passed += 2, clock_.boot += 2) loop_->step();
    }
    std::vector<std::string> take_verbs() {
        std::vector<std::string> verbs;
        for (const auto& [verb, arguments] : helper_.take_calls()) verbs.push_back(verb);
        return verbs;
    }

    FakeProbe probe_;
    int judged_ = 0;
    std::optional<HealthLoop> loop_;
};

TEST_F(HealthLoopTest, ConfirmsAGoodBootOnce) {
    EXPECT_EQ(loop_->report()["status"], "starting");
    run_for(30);
    EXPECT_THAT(take_verbs(), ElementsAre("reached", "confirm"));
    EXPECT_EQ(judged_, 2);
    EXPECT_EQ(loop_->report()["status"], "good");
    EXPECT_EQ(loop_->report()["boot_confirmed"], true);
    EXPECT_EQ(loop_->report()["deadline_seconds_left"], nullptr);
    EXPECT_THAT(take_events(), ElementsAre("health"));
}

TEST_F(HealthLoopTest, FailsATrialThatIsNotGoodInTime) {
    state_["running"]["on_trial"] = true;
    probe_.state = services::ServiceState::failed;
    run_for(100);
    EXPECT_THAT(take_verbs(), ElementsAre("reached"));
    run_for(100);
    const auto calls = helper_.take_calls();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].first, "fail_boot");
    EXPECT_THAT(std::string(calls[0].second["cause"]), HasSubstr("app"));
    EXPECT_EQ(loop_->report()["checks"][0]["ok"], false);
    EXPECT_THAT(std::string(loop_->report()["checks"][0]["message"]), HasSubstr("last words"));
}

TEST_F(HealthLoopTest, JudgesTheTrialOfANewerVersion) {
    state_["failed_trial"] = {{"name", "base"}, {"version", "2.0"}};
    run_for(30);
    EXPECT_THAT(helper_.take_calls(),
                ElementsAre(Call("reached", Json::object()), Call("confirm", Json::object()),
                            Call("judge", {{"failure", nullptr}})));
}

TEST_F(HealthLoopTest, WaitsForTheHelperAndTriesAgain) {
    helper_.fail("state", NetworkError("the helper is not there yet"));
    run_for(30);
    EXPECT_THAT(take_verbs(), ElementsAre());
    EXPECT_EQ(loop_->report()["status"], "starting");
    helper_.set("state", [this](auto&&...) { return state_; });
    helper_.fail("confirm", Error("the disk is full"));
    run_for(14);
    helper_.set_result("confirm", Json::object());
    take_verbs();
    run_for(4);
    EXPECT_THAT(take_verbs(), ElementsAre("confirm"));
}

TEST(ApiClients, AreWhoTheSettingsName) {
    const std::string key(64, 'a');
    ApiClients clients;
    clients.set({{"api", {{"clients", {{{"name", "laptop"}, {"spki_sha256", key}, {"role", "operator"}}}}}}});
    EXPECT_EQ(clients.find(crypto::parse_hash(key)), (api::Caller{api::Role::operator_, "laptop"}));
    EXPECT_EQ(clients.find(crypto::Hash()), std::nullopt);
    clients.set(Json::object());
    EXPECT_EQ(clients.find(crypto::parse_hash(key)), std::nullopt) << "removed is revoked";
}

TEST(ServicesJson, SaysWhatCrashed) {
    const Json json = to_json(services::ServiceList{
        .services = {{.name = "app",
                      .state = services::ServiceState::failed,
                      .last_exit = services::Ending{.signal = 11},
                      .crashes = std::vector<services::Crash>(9, {.service = "app", .log = "oops"})}}});
    EXPECT_EQ(json["services"][0]["state"], "failed");
    EXPECT_EQ(json["services"][0]["pid"], nullptr);
    EXPECT_THAT(std::string(json["services"][0]["last_exit"]), HasSubstr("SIGSEGV"));
    EXPECT_EQ(json["services"][0]["crashes"].size(), 5U);
}

}  // namespace
}  // namespace cairn::daemon
