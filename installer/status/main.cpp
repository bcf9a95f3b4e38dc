#include <signal.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <print>

#include "installer/status/console.h"
#include "installer/status/machine_state.h"
#include "installer/status/screen.h"
#include "pkg/base/process.h"

namespace {

using namespace cairn::status;

constexpr int refresh_milliseconds = 2000;
constexpr int answer_milliseconds = 30'000;
// What process 1 understands, see recipes/cairn-services.
constexpr int restart_signal = SIGTERM;
constexpr int power_off_signal = SIGUSR2;

void obey(Console& console, char key) {
    const bool is_restart = key == 'r';
    if (!is_restart && key != 'p') return;
    if (console.confirm(is_restart ? "  Restart this machine?" : "  Power this machine off?",
                        answer_milliseconds))
        kill(1, is_restart ? restart_signal : power_off_signal);
    console.forget_shown();
}

MachineState read_everything() {
    MachineState state = read_machine_state();
    state.interfaces = find_interfaces();
    state.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return state;
}

[[noreturn]] void run() {
    Console console(cairn::find_environment("TERM").value_or(""));
    std::chrono::minutes drawn = {};
    while (true) {
        const MachineState state = read_everything();
        // Once a minute all of it: the kernel's messages may be in between.
        if (state.uptime != drawn) console.forget_shown();
        drawn = state.uptime;
        console.show(format_screen(state, console.size()));
        if (const char key = console.wait_for_key(refresh_milliseconds); key != 0) obey(console, key);
    }
}

}  // namespace

/// The status screen of one console, which is its standard input and output. It ends when the console is
/// gone, and is started again.
int main() {
    try {
        run();
    } catch (const std::exception& error) {
        std::println(stderr, "cairn-status: {}", error.what());
        return 1;
    }
}
