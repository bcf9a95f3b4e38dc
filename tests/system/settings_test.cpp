#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "tests/support/http_server.h"
#include "tests/system/device_steps.h"

/// Settings on a real machine: refused as a whole, tried and taken back, history and undo.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;

/// One machine for all of them; each leaves it as it found it.
class SettingsLong : public testing::Test {
  protected:
    struct Device {
        MachineFolder folder = MachineFolder("dev", Architecture::x86_64, disk_size);
        support::HttpServer server;  // the other end of the line
        std::optional<RunningMachine> machine;
    };

    static void SetUpTestSuite() {
        device_ = std::make_unique<Device>();
        device_->server.serve("/line", "the line works\n");
        emulator::Machine plan = device_->folder.make_machine();
        plan.on_restart = emulator::Machine::OnRestart::end;
        device_->machine.emplace(plan, device_->folder.path());
        log_in();
    }
    static void TearDownTestSuite() { device_.reset(); }

    static void log_in() {
        machine().wait_for("cairn: all services are up");
        machine().log_in();
        wait_until_good(machine());
    }
    static RunningMachine& machine() { return *device_->machine; }

    static std::string fetch() {
        const std::string address = device_->server.address();
        return std::format(
            "printf 'GET /line HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc 10.0.2.2 {} | grep 'the line works'",
            address.substr(address.rfind(':') + 1));
    }
    static bool is_line_up() { return machine().try_to_run(fetch()).first == 0; }
    static std::size_t count_changes() {
        return read_json_of(machine(), "cairnctl raw GET /settings/history").at("entries").size();
    }
    static Json read_set() { return read_json_of(machine(), "cairnctl raw GET '/settings?set=true'"); }

    /// Brings an address into effect that nobody else on this line has, and waits for its consequence.
    static void cut_line(const std::string& seconds) {
        const std::string interface = trim_end(machine().run("ls /sys/class/net | grep -m 1 -E '^e'"));
        machine().run(
            std::format("cairnctl settings set --apply --try {} 'network.interfaces.{}="
                        "{{\"dhcp4\": false, \"ra\": false, \"addresses\": [\"192.0.2.5/24\"]}}'",
                        seconds, interface));
        machine().run_until_it_succeeds("ip address show | grep -q 192.0.2.5");
        EXPECT_FALSE(is_line_up());
    }
    static std::string trim_end(std::string text) {
        while (text.ends_with('\n')) text.pop_back();
        return text;
    }

    static inline std::unique_ptr<Device> device_;
};

TEST_F(SettingsLong, AnInvalidChangeIsRefusedAsAWholeWithEveryViolation) {
    const Json before = read_set();
    machine().run(
        "cairnctl raw PATCH /settings '{\"network\": {\"host_name\": \"No Name\"}, \"log\": "
        "{\"level\": \"loud\"}, \"health\": {\"deadline_seconds\": 5, \"deadlin\": 7}, "
        "\"system\": {\"motd\": \"hello\"}}'");
    const std::string pending = expect_failure(machine(), "cairnctl settings diff");
    const std::string refused = expect_failure(machine(), "cairnctl settings apply");
    for (const std::string& text : {pending, refused})
        for (const char* place :
             {"network.host_name", "log.level", "health.deadline_seconds", "health.deadlin"})
            EXPECT_THAT(text, HasSubstr(place));
    EXPECT_EQ(read_set(), before);
    EXPECT_THAT(machine().run("cat /etc/motd"), Not(HasSubstr("hello")));
    EXPECT_EQ(machine().run("cairnctl settings get log.level"), "info\n");
    machine().run("cairnctl settings forget");
    EXPECT_THAT(machine().run("cairnctl raw GET /tx/list"), HasSubstr("\"transactions\":[]"));
}

TEST_F(SettingsLong, HistoryTellsWhoChangedWhatAndUndoReturns) {
    const std::size_t before = count_changes();
    machine().run("cairnctl settings set --apply network.host_name=first");
    machine().run("cairnctl settings set --apply network.host_name=second system.motd=words");
    EXPECT_EQ(machine().run("hostname"), "second\n");
    const Json entry = read_json_of(machine(), "cairnctl raw GET /settings/history").at("entries").back();
    EXPECT_THAT(entry.at("who").get<std::string>(), HasSubstr("root"));

    machine().run("cairnctl settings undo");
    EXPECT_EQ(machine().run("hostname; cat /etc/motd"), "first\n");
    machine().run("cairnctl settings undo");
    EXPECT_EQ(machine().run("hostname"), "cairn\n");
    EXPECT_EQ(count_changes(), before + 4);
}

TEST_F(SettingsLong, AChangeThatCutsTheLineReturnsByItself) {
    machine().run_until_it_succeeds(fetch());
    const Json before = read_set();
    const std::size_t changes = count_changes();
    const double start = read_uptime(machine());
    cut_line("30");
    machine().run_until_it_succeeds(fetch());
    EXPECT_LT(read_uptime(machine()) - start, 90);
    EXPECT_EQ(read_set(), before);
    EXPECT_EQ(count_changes(), changes) << "what is tried does not hold";
    EXPECT_THAT(expect_failure(machine(), "cairnctl settings confirm"), HasSubstr("nothing is being tried"));
    machine().run("cairnctl settings forget");
}

TEST_F(SettingsLong, ATryThatIsConfirmedStays) {
    machine().run("cairnctl settings set --apply --try 30 network.host_name=tried");
    EXPECT_EQ(machine().run("hostname"), "tried\n");
    machine().run("cairnctl settings confirm");
    machine().run("sleep 32");
    EXPECT_EQ(machine().run("hostname"), "tried\n");
    machine().run("cairnctl settings undo");
}

TEST_F(SettingsLong, ARebootDuringATryReturns) {
    machine().run_until_it_succeeds(fetch());
    const Json before = read_set();
    cut_line("600");
    reboot(machine());
    log_in();
    machine().run_until_it_succeeds(fetch());
    EXPECT_EQ(read_set(), before);
    EXPECT_EQ(machine().try_to_run("ip address show | grep 192.0.2.5").first, 1);
}

}  // namespace
}  // namespace cairn::system_test
