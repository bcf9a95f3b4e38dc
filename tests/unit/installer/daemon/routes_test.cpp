#include "installer/api/errors.h"
#include "pkg/base/text.h"
#include "tests/unit/installer/daemon/daemon_fixture.h"

namespace cairn::daemon {
namespace {

using RoutesTest = DaemonTest;
using api::Role;

TEST_F(RoutesTest, RefuseWhatIsNoPathOrMethod) {
    EXPECT_EQ(ask("GET", "/nowhere").status, 404);
    EXPECT_EQ(ask("GET", "/services/a/b/restart").status, 404);
    EXPECT_EQ(ask("GET", "/services//restart").status, 404);
    const api::Answer answer = ask("DELETE", "/settings");
    EXPECT_EQ(answer.status, 405);
    EXPECT_THAT(answer.headers, ElementsAre(std::pair<std::string, std::string>("Allow", "GET, PATCH")));
}

TEST_F(RoutesTest, AreUsedByWhoMay) {
    EXPECT_EQ(ask("GET", "/os", "", Role::none).status, 403);
    EXPECT_EQ(ask("GET", "/os", "", Role::reader).status, 200);
    EXPECT_EQ(ask("GET", "/logs", "", Role::reader).status, 403);
    EXPECT_EQ(ask("GET", "/logs", "", Role::operator_).status, 200);
    EXPECT_EQ(ask("PATCH", "/settings", "{}", Role::operator_).status, 403);
    EXPECT_EQ(ask("POST", "/actions/reboot", "", Role::reader).status, 403);
    EXPECT_TRUE(helper_.take_calls().empty());
    EXPECT_EQ(ask("POST", "/actions/reboot", "", Role::operator_).status, 200);
}

TEST_F(RoutesTest, TellWhatRuns) {
    const Json os = json("GET", "/os");
    EXPECT_EQ(os["name"], "base");
    EXPECT_EQ(os["machine_id"], "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(os["uptime_seconds"], 77);
    EXPECT_EQ(os["data"], (Json{{"state", "mounted"}, {"error", ""}}));
    EXPECT_EQ(os["secure_boot"], nullptr) << "no firmware variable";
    const fs::path variable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    write(variable, std::string_view("\6\0\0\0\1", 5));
    EXPECT_EQ(json("GET", "/os")["secure_boot"], true);
    write(variable, std::string_view("\6\0\0\0\0", 5));
    EXPECT_EQ(json("GET", "/os")["secure_boot"], false);
    EXPECT_EQ(json("GET", "/sbom")["spdxVersion"], "SPDX-2.3");
    EXPECT_THAT(message("GET", "/attestation", "", 501), HasSubstr("TPM"));
}

TEST_F(RoutesTest, RestartOnlyServicesThatThereAre) {
    EXPECT_EQ(ask("POST", "/services/app/restart", "{}").status, 200);
    EXPECT_EQ(ask("POST", "/services/other/restart", "{}").status, 404);
    EXPECT_THAT(helper_.take_calls(),
                ElementsAre(std::pair<std::string, Json>("restart_service", {{"name", "app"}})));
}

TEST_F(RoutesTest, ResetDataOfTheMachineThatIsMeantOnly) {
    EXPECT_EQ(ask("POST", "/actions/reset-data", "{}").status, 400);
    EXPECT_EQ(ask("POST", "/actions/reset-data", R"({"confirm": "another"})").status, 400);
    EXPECT_TRUE(helper_.take_calls().empty());
    EXPECT_EQ(ask("POST", "/actions/reset-data", R"({"confirm": "0123456789abcdef0123456789abcdef"})").status,
              200);
    EXPECT_EQ(helper_.take_calls().at(0).first, "reset_data");
}

TEST_F(RoutesTest, ResetNothingOnAMachineWithoutAnId) {
    write("etc/machine-id", "");
    EXPECT_EQ(ask("POST", "/actions/reset-data", R"({"confirm": ""})").status, 400);
    EXPECT_TRUE(helper_.take_calls().empty());
}

TEST_F(RoutesTest, GivePrometheusFigures) {
    helper_.fail("state", NetworkError("cannot reach the helper"));  // must not hide the rest
    json("GET", "/os");
    ask("GET", "/nowhere");
    services_["services"][0]["name"] = "a\"b\\c";
    const api::Answer answer = ask("GET", "/metrics");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.content_type, HasSubstr("version=0.0.4"));
    EXPECT_THAT(answer.body, HasSubstr("cairn_build_info{name=\"base\",version=\"1.0\","));
    EXPECT_THAT(answer.body, HasSubstr("\ncairn_uptime_seconds 77\n"));
    EXPECT_THAT(answer.body, HasSubstr("\ncairn_init_peak_bytes 3145728\n"));
    EXPECT_THAT(answer.body, HasSubstr(R"(cairn_service_restarts_total{service="a\"b\\c"} 2)"));
    EXPECT_THAT(answer.body, HasSubstr("cairn_api_requests_total{method=\"GET\",status=\"404\"} 1\n"));
    EXPECT_THAT(answer.body, HasSubstr("cairn_update_state{state=\"Idle\"} 1\n"));
    EXPECT_THAT(answer.body, HasSubstr("cairn_boot_good 1\n"));
    EXPECT_THAT(answer.body, HasSubstr("cairn_data_available_bytes"));
}

TEST_F(RoutesTest, ServeTheConsolePageAndNothingElse) {
    EXPECT_EQ(ask("GET", "/").status, 404);
    write("usr/share/cairn/console/index.html", "<p>");
    write("usr/share/cairn/console/.hidden.js", "x");
    write("usr/share/cairn/console/notes.txt", "x");
    EXPECT_EQ(ask("GET", "/").body, "<p>");
    EXPECT_THAT(ask("GET", "/").content_type, HasSubstr("text/html"));
    EXPECT_EQ(ask("GET", "/static/.hidden.js").status, 404);
    EXPECT_EQ(ask("GET", "/static/notes.txt").status, 404);
    EXPECT_EQ(ask("GET", "/static/../../../etc/machine-id").status, 404);
}

}  // namespace
}  // namespace cairn::daemon
