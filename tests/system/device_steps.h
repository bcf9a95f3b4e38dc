#pragma once

#include <string>
#include <utility>

#include "pkg/base/json.h"
#include "tests/system/running_machine.h"

/// What tests do on a machine that runs a development image, by its console and cairnctl.
namespace cairn::system_test {

/// Waits until this version of the image has come up, logs in, and waits until the API answers and the
/// network has an address.
void wait_for_version(RunningMachine& machine, const std::string& version);
/// Waits until this boot was found good.
void wait_until_good(RunningMachine& machine);

/// The first boot of 1.0: good, host name "kept", a file that is to be kept, and where updates come from.
/// Trials have `deadline_seconds`.
void set_up_first_version(RunningMachine& machine, const std::string& repository, int deadline_seconds);

/// What a command prints, which is JSON.
Json read_json_of(RunningMachine& machine, const std::string& command);
/// GET /updates/status
Json read_updates(RunningMachine& machine);
/// GET /health
Json read_health(RunningMachine& machine);
/// What a command printed that must fail; its success is the test's failure.
std::string expect_failure(RunningMachine& machine, const std::string& command);
/// A shell's time: seconds since the machine's start.
double read_uptime(RunningMachine& machine);

void reboot(RunningMachine& machine);
void switch_off(RunningMachine& machine);

}  // namespace cairn::system_test
