#include "installer/daemon/log_bundle.h"
#include "installer/daemon/service_logs.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "tests/unit/installer/daemon/daemon_fixture.h"

namespace cairn::daemon {
namespace {

TEST(LogLine, HasItsTimeInOneForm) {
    EXPECT_EQ(format_log_line("2026-11-20_12:00:00.12345 up"), "2026-11-20T12:00:00.12345Z up");
    EXPECT_EQ(format_log_line("@400000006553f10a1dcd6500 up"), "2023-11-14T22:13:20.50000Z up");
    for (const char* const line : {"", "up", "@4000 up", "@400000006553f10a1dcd65zz up",
                                   "2026-11-20 12:00 up", "@000000000000000000000000 x"})
        EXPECT_EQ(format_log_line(line), line);
    EXPECT_EQ(format_log_line("@7fffffffffffffff00000000 x").substr(0, 1), "4") << "a year, of some kind";
}

class LogsTest : public DaemonTest {
  protected:
    LogsTest() {
        write("var/log/app/@400000006553f10a00000000.s",
              "@400000006553f10a1dcd6500 one\n@400000006553f10b1dcd6500 two\n");
        write("var/log/app/current", "2026-11-20_12:00:00.12345 three\n");
        write("var/log/app/config", "s262144\n");
        write("var/log/other/current", "");
        make_directories(root() / "var/log/none");
    }
};

TEST_F(LogsTest, AreListedAndGivenFromTheirEnd) {
    EXPECT_EQ(json("GET", "/logs"), Json::parse(R"({"services": ["app", "other"]})"));
    EXPECT_EQ(ask("GET", "/logs?service=app&lines=2").body,
              "2023-11-14T22:13:21.50000Z two\n2026-11-20T12:00:00.12345Z three\n");
    EXPECT_EQ(split(ask("GET", "/logs?service=app").body, '\n').size(), 4U);
    EXPECT_EQ(ask("GET", "/logs?service=other").body, "");
    EXPECT_EQ(ask("GET", "/logs?service=none").status, 404);
    EXPECT_EQ(ask("GET", "/logs?service=../log/app").status, 404);
    for (const char* const lines : {"0", "-1", "x", "1x", "100001", ""})
        EXPECT_EQ(ask("GET", std::string("/logs?service=app&lines=") + lines).status, 400) << lines;
}

TEST_F(LogsTest, MakeABundleWithoutSecrets) {
    ask("PATCH", "/settings", R"({"api": {"token": "hush"}})");
    json("POST", "/tx/commit_and_apply", R"({"try_seconds": 99})");  // leaves a file with the secret
    json("POST", "/tx/confirm", "{}");
    ask("PATCH", "/settings", R"({"api": {"token": "hush2"}})");
    json("POST", "/tx/commit_and_apply", R"({"try_seconds": 99})");
    write("var/lib/cairn/boots", "{\"event\": \"attempt\"}\n");
    write("var/log/big/current", std::string(3 << 20, 'x'));

    const api::Answer answer = ask("GET", "/logs?bundle=true");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.content_type, "application/zstd");
    EXPECT_EQ(ask("GET", "/logs?bundle=true").status, 423) << "one at a time";
    const std::string packed = read_all(answer);
    write_file(place_.path() / "bundle.tar.zst", packed);
    run_command_checked({.arguments = {"tar", "-xf", "bundle.tar.zst"}, .directory = place_.path()});
    const fs::path bundle = place_.path() / "base-1.0-1800000000";
    EXPECT_THAT(read_file(bundle / "log/app/current"), HasSubstr("three"));
    EXPECT_TRUE(fs::exists(bundle / "boots"));
    EXPECT_TRUE(fs::exists(bundle / "run/boot.json"));
    EXPECT_THAT(read_file(bundle / "settings.json"), HasSubstr("(secret)"));
    EXPECT_THAT(read_file(bundle / "missing.txt"), HasSubstr("log/big/current"));
    EXPECT_THAT(read_file(bundle / "update-status.json"), HasSubstr("update_state"));
    EXPECT_THAT(run_command({.arguments = {"grep", "-r", "hush", bundle}}).output, "");
}

TEST_F(LogsTest, StopTheBundleWhenNobodyReadsOn) {
    write("var/log/app/current", std::string(1 << 20, 'x'));  // more than a pipe holds
    const api::Answer answer = ask("GET", "/logs?bundle=true");
    EXPECT_FALSE(answer.stream([](std::string_view) { return false; }));
}

}  // namespace
}  // namespace cairn::daemon
