#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/device_steps.h"
#include "tests/system/maker.h"

/// Settings on the way from format 1 to format 2 and back, with the versions that use them.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;
constexpr const char* format_1 = "add_packages = [\"test-pump-1\"]\n";

std::string format_2(const std::string& packages) {
    return std::format("settings_format = 2\nadd_packages = [{}]\n", packages);
}

class MigrationLong : public testing::Test {
  protected:
    RunningMachine start() {
        emulator::Machine machine = folder_.make_machine();
        machine.on_restart = emulator::Machine::OnRestart::end;
        return {std::move(machine), folder_.path()};
    }
    /// All that was set, but for what the test needs itself.
    static Json read_set(RunningMachine& machine) {
        Json set = read_json_of(machine, "cairnctl raw GET '/settings?set=true'");
        set.erase("updates");
        set.erase("health");
        return set;
    }
    static Json read_history(RunningMachine& machine) {
        return read_json_of(machine, "cairnctl raw GET /settings/history");
    }
    static void set(RunningMachine& machine, const std::string& assignments) {
        machine.run("cairnctl settings set --apply " + assignments);
    }

    Maker maker_{Architecture::x86_64};
    MachineFolder folder_ =
        MachineFolder::from_folder(maker_.build("1.0", format_1), Architecture::x86_64, disk_size);
    const Json older_ = Json::parse(R"({"network": {"host_name": "kept"},
                                        "pump": {"level": 70, "mode": "rapid", "oil": "30W"}})");
    const Json newer_ = Json::parse(R"({"network": {"host_name": "kept"},
                                        "tank": {"level": 70, "mode": "full", "alarm": 90}})");
};

TEST_F(MigrationLong, KeepsEveryValueForwardInAFallbackAndBackward) {
    RunningMachine machine = start();
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    set(machine, std::format("updates.repository={} health.deadline_seconds=30 network.host_name=kept",
                             maker_.address()));
    set(machine, "pump.level=70 pump.mode=rapid pump.oil=30W");
    ASSERT_EQ(read_set(machine), older_);

    // What the next version cannot start with is refused before the reboot.
    maker_.publish(maker_.build("2.0", format_2("\"test-pump-strict\"")));
    const std::string refused = expect_failure(machine, "cairnctl update --yes");
    EXPECT_THAT(refused, HasSubstr("cannot be taken along"));
    EXPECT_THAT(refused, HasSubstr("tank.level"));
    Json updates = read_updates(machine);
    EXPECT_EQ(updates.at("update_state"), "Staged");
    EXPECT_EQ(updates.at("most_recent_command").at("command"), "activate");
    EXPECT_THAT(updates.at("most_recent_command").at("message").get<std::string>(), HasSubstr("tank.level"));
    EXPECT_EQ(read_set(machine), older_);

    // A version that migrates and then fails its trial leaves the older settings as they were.
    const Json history = read_history(machine);
    maker_.publish(maker_.build("2.1", format_2("\"test-pump-2\", \"test-lame-health\"")));
    machine.run("cairnctl update prepare 2.1 && cairnctl update activate");
    reboot(machine);
    machine.wait_for("the settings were migrated to format 2");
    wait_for_version(machine, "1.0");
    machine.run_until_it_succeeds("cairnctl status --json | grep -q '\"ban\"'");
    EXPECT_EQ(read_set(machine), older_);
    EXPECT_EQ(read_history(machine), history);

    // Where there is no way back, somebody has to ask for the version.
    set(machine, "health.deadline_seconds=300");
    maker_.publish(maker_.build("2.2", format_2("\"test-pump-2\"")), {"--settings-floor", "2"});
    EXPECT_THAT(machine.run("cairnctl update check"), HasSubstr("2.2  after it there is no way back"));
    EXPECT_EQ(read_updates(machine).at("available").at("version"), "2.0");
    machine.run("cairnctl update prepare 2.2 && cairnctl update activate");
    reboot(machine);
    wait_for_version(machine, "2.2");
    wait_until_good(machine);
    EXPECT_EQ(read_set(machine), newer_);
    EXPECT_EQ(machine.run("hostname"), "kept\n");

    set(machine, "tank.level=20 tank.label=north");
    machine.type("cairnctl update rollback --yes\n");
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    Json back = older_;
    back["pump"]["level"] = 20;
    EXPECT_EQ(read_set(machine), back);
    EXPECT_EQ(read_history(machine).at("entries").back().at("who"), "rollback");
}

}  // namespace
}  // namespace cairn::system_test
