#include "tests/system/device_steps.h"

#include <format>
#include <gtest/gtest.h>

namespace cairn::system_test {

void wait_for_version(RunningMachine& machine, const std::string& version) {
    machine.wait_for(std::format("cairn {} on ", version));
    machine.wait_for("login: ");
    machine.log_in();
    machine.run_until_it_succeeds("cairnctl ping");
    machine.run_until_it_succeeds("ip route | grep -q ^default");
}

void wait_until_good(RunningMachine& machine) {
    machine.run_until_it_succeeds("cairnctl health --json | grep -q '\"boot_confirmed\": true'");
}

void set_up_first_version(RunningMachine& machine, const std::string& repository, int deadline_seconds) {
    wait_for_version(machine, "1.0");
    machine.run(
        std::format("cairnctl settings set --apply updates.repository={} "
                    "health.deadline_seconds={} network.host_name=kept",
                    repository, deadline_seconds));
    wait_until_good(machine);
    machine.run("echo kept > /var/lib/test-of-data && sync");
}

Json read_json_of(RunningMachine& machine, const std::string& command) {
    return parse_json(machine.run(command), command);
}

Json read_updates(RunningMachine& machine) {
    return read_json_of(machine, "cairnctl raw GET /updates/status");
}

Json read_health(RunningMachine& machine) {
    return read_json_of(machine, "cairnctl raw GET /health");
}

std::string expect_failure(RunningMachine& machine, const std::string& command) {
    auto [status, output] = machine.try_to_run(command);
    EXPECT_NE(status, 0) << "'" << command << "' succeeded: " << output;
    return std::move(output);
}

double read_uptime(RunningMachine& machine) {
    return std::stod(machine.run("cat /proc/uptime"));
}

void reboot(RunningMachine& machine) {
    machine.type("cairnctl reboot --yes\n");
}

void switch_off(RunningMachine& machine) {
    machine.type("poweroff\n");
    machine.wait_until_off();
}

}  // namespace cairn::system_test
