#include "installer/api/errors.h"
#include "pkg/base/text.h"
#include "tests/unit/installer/daemon/daemon_fixture.h"

namespace cairn::daemon {
namespace {

using Call = std::pair<std::string, Json>;

class SettingsRoutesTest : public DaemonTest {
  protected:
    void patch(const std::string& body, const std::string& tx = "default") {
        EXPECT_EQ(ask("PATCH", "/settings?tx=" + tx, body).status, 204);
    }
    std::string host_name() { return json("GET", "/settings").at("network").at("host_name"); }
    /// What the helper was last asked to bring into effect.
    Json last_applied() {
        const auto calls = helper_.take_calls();
        return calls.empty() ? Json("nothing") : calls.back().second.at("values");
    }
};

TEST_F(SettingsRoutesTest, ShowWhatHoldsWithoutSecrets) {
    patch(R"({"api": {"token": "hush"}, "network": {"mtu": 1400}})");
    json("POST", "/tx/commit_and_apply", "{}");
    EXPECT_EQ(json("GET", "/settings?set=true"),
              Json::parse(R"json({"api": {"token": "(secret)"}, "network": {"mtu": 1400}})json"));
    EXPECT_EQ(
        json("GET", "/settings?paths=network,updates.allow_usb"),
        Json::parse(R"({"network": {"host_name": "cairn", "mtu": 1400}, "updates": {"allow_usb": false}})"));
    EXPECT_THAT(message("GET", "/settings?paths=network.nothing", "", 400), HasSubstr("'network.nothing'"));
    EXPECT_EQ(ask("GET", "/settings?set=perhaps").status, 400);
}

TEST_F(SettingsRoutesTest, DescribeEverySetting) {
    const Json schema = json("GET", "/settings/schema");
    EXPECT_EQ(schema["network.mtu"]["most"], 9216);
    EXPECT_EQ(schema["network.host_name"]["default"], "cairn");
    EXPECT_EQ(schema["network.host_name"]["first_boot"], true);
    EXPECT_EQ(schema["api.token"]["secret"], true);
    EXPECT_EQ(schema["api.token"]["type"], "string");
}

TEST_F(SettingsRoutesTest, RefuseAHiddenSecretThatIsSentBack) {
    const Json error =
        json("PATCH", "/settings", R"json({"api": {"token": "(secret)"}})json", 400).at("error");
    EXPECT_EQ(error.at("violations").at(0).at("path"), "api.token");
    EXPECT_TRUE(json("GET", "/tx/list").at("transactions").empty());
}

TEST_F(SettingsRoutesTest, PreviewAndCommitAsAWhole) {
    patch(R"({"network": {"host_name": "lab"}})");
    Json preview = json("GET", "/tx");
    EXPECT_EQ(preview["differences"],
              Json::parse(R"([{"path": "network.host_name", "before": null, "after": "lab"}])"));
    EXPECT_EQ(preview["services"], Json::array({"app"}));
    patch(R"({"network": {"host_name": "NOT SO", "mtu": 1}})");
    EXPECT_EQ(json("GET", "/tx")["violations"].size(), 2U);
    const Json error = json("POST", "/tx/commit_and_apply", "{}", 400).at("error");
    EXPECT_EQ(error.at("violations").size(), 2U);
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_TRUE(helper_.take_calls().empty()) << "nothing of it is applied";
    EXPECT_EQ(ask("DELETE", "/tx").status, 204);
    EXPECT_TRUE(json("GET", "/tx/list").at("transactions").empty());
}

TEST_F(SettingsRoutesTest, CommitWhatTheHelperCouldApply) {
    patch(R"({"network": {"host_name": "lab"}})");
    const Json applied = json("POST", "/tx/commit_and_apply", "{}");
    EXPECT_EQ(applied,
              Json::parse(R"({"version": 1, "files": ["etc/hostname"], "services": ["app"], "try": null})"));
    EXPECT_THAT(helper_.take_calls(),
                ElementsAre(Call("apply_settings", {{"values", {{"network", {{"host_name", "lab"}}}}}})));
    EXPECT_THAT(take_events(), ElementsAre("settings"));
    const Json entry = json("GET", "/settings/history").at("entries").at(0);
    EXPECT_EQ(entry.at("who"), "admin 'tester'");
}

TEST_F(SettingsRoutesTest, TakeBackWhatIsInEffectAndCannotBeStored) {
    patch(R"({"network": {"host_name": "lab"}})");
    const fs::path versions = root() / "var/lib/cairn/settings/versions";
    fs::rename(versions, versions.string() + ".gone");
    write_file(versions, "");  // nothing can be stored, as on a full disk
    EXPECT_EQ(ask("POST", "/tx/commit_and_apply", "{}").status, 500);
    EXPECT_THAT(helper_.take_calls(),
                ElementsAre(Call("apply_settings", {{"values", {{"network", {{"host_name", "lab"}}}}}}),
                            Call("apply_settings", {{"values", nullptr}})));
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_THAT(take_events(), ElementsAre());

    fs::remove(versions);
    fs::rename(versions.string() + ".gone", versions);
    EXPECT_EQ(json("POST", "/tx/commit_and_apply", "{}").at("version"), 1);
}

TEST_F(SettingsRoutesTest, KeepAndTakeBackWhatTheHelperCannotApply) {
    patch(R"({"network": {"host_name": "lab"}})");
    helper_.set("apply_settings", [](const Json& arguments, auto&&...) -> Json {
        if (!arguments.at("values").is_null()) throw Error("disk full");
        return Json::object();
    });
    EXPECT_EQ(message("POST", "/tx/commit_and_apply", "{}", 500), "disk full");
    EXPECT_EQ(last_applied(), nullptr) << "what holds is applied again";
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_EQ(json("GET", "/tx/list").at("transactions").size(), 1U) << "nothing was lost";
}

TEST_F(SettingsRoutesTest, ReturnByThemselvesWhenATryIsNotConfirmed) {
    patch(R"({"network": {"host_name": "lab"}})", "net");
    const Json applied = json("POST", "/tx/commit_and_apply?tx=net", R"({"try_seconds": 60})");
    EXPECT_EQ(applied["version"], nullptr);
    EXPECT_EQ(applied["try"],
              Json::parse(R"({"tx": "net", "seconds": 60, "seconds_left": 60, "until": 1800000060})"));
    EXPECT_EQ(last_applied(), Json::parse(R"({"network": {"host_name": "lab"}})"));
    EXPECT_EQ(host_name(), "cairn") << "it does not hold yet";
    EXPECT_EQ(settings_->effective()["network"]["host_name"], "lab") << "but it is in effect";

    clock_.boot += 59;
    settings_->tick();
    EXPECT_EQ(last_applied(), "nothing");
    clock_.boot += 1;
    settings_->tick();
    EXPECT_EQ(last_applied(), nullptr);
    EXPECT_EQ(ask("POST", "/tx/confirm", "{}").status, 409);
    EXPECT_EQ(settings_->effective()["network"]["host_name"], "cairn");
    EXPECT_FALSE(fs::exists(root() / "run/cairn/daemon/settings-try.json"));
}

TEST_F(SettingsRoutesTest, HoldWhenATryIsConfirmed) {
    patch(R"({"network": {"host_name": "lab"}})", "net");
    json("POST", "/tx/apply?tx=net", R"({"try_seconds": 60})");
    EXPECT_EQ(ask("POST", "/tx/commit_and_apply?tx=net", "{}").status, 409) << "one thing at a time";
    EXPECT_EQ(ask("PATCH", "/settings?tx=net", R"({"network": {"mtu": 1400}})").status, 409);
    EXPECT_EQ(json("POST", "/tx/confirm", "{}"), Json::parse(R"({"version": 1})"));
    clock_.boot += 100;
    helper_.take_calls();
    settings_->tick();
    EXPECT_EQ(last_applied(), "nothing");
    EXPECT_EQ(host_name(), "lab");
    EXPECT_TRUE(json("GET", "/tx/list").at("transactions").empty());
}

TEST_F(SettingsRoutesTest, GoOnWithATryWhenTheDaemonRestarts) {
    patch(R"({"network": {"host_name": "lab"}})", "net");
    json("POST", "/tx/commit_and_apply?tx=net", R"({"try_seconds": 60})");
    start();
    EXPECT_EQ(json("GET", "/tx/list")["try"]["tx"], "net");
    clock_.boot += 60;
    helper_.fail("apply_settings", NetworkError("the helper is gone"));
    EXPECT_THROW(settings_->tick(), NetworkError);
    helper_.set_result("apply_settings", Json::object());
    settings_->tick();  // asks again
    EXPECT_EQ(last_applied(), nullptr);
    EXPECT_EQ(json("GET", "/tx/list")["try"], nullptr);
}

TEST_F(SettingsRoutesTest, EndATryThatIsDropped) {
    patch(R"({"network": {"host_name": "lab"}})", "net");
    json("POST", "/tx/commit_and_apply?tx=net", R"({"try_seconds": 60})");
    EXPECT_EQ(ask("DELETE", "/tx?tx=net").status, 204);
    EXPECT_EQ(last_applied(), nullptr);
    EXPECT_EQ(settings_->effective()["network"]["host_name"], "cairn");
}

TEST_F(SettingsRoutesTest, ReturnToWhatTheyWere) {
    EXPECT_EQ(ask("POST", "/settings/undo", "{}").status, 409) << "there is nothing to undo";
    for (const char* const name : {"one", "two"}) {
        patch(std::format(R"({{"network": {{"host_name": "{}"}}}})", name));
        json("POST", "/tx/commit_and_apply", "{}");
    }
    EXPECT_EQ(json("POST", "/settings/undo", "{}")["version"], 3);
    EXPECT_EQ(host_name(), "one");
    EXPECT_EQ(json("POST", "/settings/undo", R"({"version": 2})")["version"], 4);
    EXPECT_EQ(host_name(), "two");
    EXPECT_EQ(json("GET", "/settings/history")["entries"][3]["returned_to"], 2);
}

TEST_F(SettingsRoutesTest, AreMendedWhenThisVersionDoesNotAllowThemAnyMore) {
    patch(R"({"network": {"mtu": 9000, "host_name": "lab"}})");
    json("POST", "/tx/commit_and_apply", "{}");
    write("usr/lib/cairn/settings/test.toml", replace_all(schema_text, "9216", "1500"));
    start();
    EXPECT_EQ(host_name(), "cairn") << "the boot has applied defaults";
    EXPECT_EQ(json("GET", "/settings?set=true")["network"]["mtu"], 9000);
    patch(R"({"network": {"host_name": "other"}})");
    EXPECT_EQ(json("POST", "/tx/commit", "{}", 400)["error"]["violations"][0]["path"], "network.mtu");
    patch(R"({"network": {"mtu": null}})");
    json("POST", "/tx/commit_and_apply", "{}");
    EXPECT_EQ(host_name(), "other");
}

TEST_F(SettingsRoutesTest, RefuseBodiesThatSaySomethingElse) {
    EXPECT_EQ(ask("PATCH", "/settings", "[1]").status, 400);
    EXPECT_EQ(ask("PATCH", "/settings", "{").status, 400);
    EXPECT_EQ(ask("PATCH", "/settings?tx=../../x", "{}").status, 400);
    patch("{}");
    for (const char* const body :
         {R"({"try_seconds": 0})", R"({"try_seconds": -1})", R"({"try_seconds": "9"})",
          R"({"try_seconds": 86401})", R"({"seconds": 9})"})
        EXPECT_EQ(ask("POST", "/tx/commit_and_apply", body).status, 400) << body;
    EXPECT_EQ(ask("POST", "/tx/commit_and_apply?tx=unknown", "{}").status, 400);
}

}  // namespace
}  // namespace cairn::daemon
