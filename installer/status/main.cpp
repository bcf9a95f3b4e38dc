#include <signal.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <print>
#include <string>

#include "installer/status/console.h"
#include "installer/status/machine_state.h"
#include "installer/status/screen.h"

namespace {

using namespace cairn::status;

constexpr int refresh_milliseconds = 2000;
constexpr int answer_milliseconds = 30'000;
// What process 1 understands, see recipes/cairn-services.
constexpr int restart_signal = SIGTERM;
constexpr int power_off_signal = SIGUSR2;

/// A cat on the keyboard must not restart a machine: only "yes" and Enter is an agreement.
bool confirm(Console& console, std::string_view question) {
    console.print(std::string(question) + " Type yes and Enter: ");
    std::string typed;
    while (true) {
        const char key = console.wait_for_key(answer_milliseconds);
        if (key == 0) return false;
        if (key == '\r' || key == '\n') return typed == "yes";
        if (typed.size() < 8) typed += key;
        if (key >= ' ' && key < 0x7f) console.print({&key, 1});
    }
}

void obey(Console& console, char key) {
    const bool is_restart = key == 'r';
    if (!is_restart && key != 'p') return;
    if (confirm(console, is_restart ? "  Restart this machine?" : "  Power this machine off?"))
        kill(1, is_restart ? restart_signal : power_off_signal);
    console.print("\r\n");
    console.forget_shown();
}

MachineState read_everything() {
    MachineState state = read_machine_state();
    state.interfaces = find_interfaces();
    state.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return state;
}

[[noreturn]] void run() {
    Console console;
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

/// The status screen of one console, which is its standard input and output. It ends when the console is gone,
/// and is started again.
int main() {
    try {
        run();
    } catch (const std::exception& error) {
        std::println(stderr, "cairn-status: {}", error.what());
        return 1;
    }
}
