#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "installer/status/machine_state.h"
#include "installer/status/screen.h"
#include "pkg/base/fd.h"

namespace {

using namespace cairn;

constexpr int refresh_milliseconds = 2000;
// What process 1 understands, see recipes/cairn-services.
constexpr int restart_signal = SIGTERM;
constexpr int power_off_signal = SIGUSR2;

void print(std::string_view text) {
    write_all(STDOUT_FILENO, text, "the console");
}

/// Keys arrive one by one and are not shown.
void read_single_keys() {
    termios settings = {};
    if (tcgetattr(STDIN_FILENO, &settings) != 0) return;  // no terminal: the screen alone
    settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
}

/// The next key; 0 when none came in time. Ends the program when the console is gone: it is started again
/// then.
char wait_for_key(int milliseconds) {
    pollfd waiting = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, milliseconds) <= 0) return 0;
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) != 1) _exit(1);
    return key;
}

/// A cat on the keyboard must not restart a machine.
bool confirm(std::string_view question) {
    print(std::string(question) + " Type yes and Enter: ");
    std::string typed;
    while (true) {
        const char key = wait_for_key(30'000);
        if (key == 0) return false;
        if (key == '\r' || key == '\n') return typed == "yes";
        if (typed.size() < 8) typed += key;
        if (key >= ' ') print({&key, 1});
    }
}

void obey(char key) {
    const bool is_restart = key == 'r';
    if (!is_restart && key != 'p') return;
    if (confirm(is_restart ? "\r\n  Restart this machine?" : "\r\n  Power this machine off?"))
        kill(1, is_restart ? restart_signal : power_off_signal);
}

std::string make_screen() {
    status::MachineState state = status::read_machine_state();
    state.interfaces = status::find_interfaces();
    status::find_services(state);
    return status::draw(status::format_screen(state));
}

}  // namespace

/// The status screen of one console, which is its standard input and output.
int main() {
    read_single_keys();
    std::string shown;
    print("\033[2J");
    while (true) {
        // Only what changed is sent: on a serial line every byte is seen, and logged by somebody.
        if (std::string screen = make_screen(); screen != shown) {
            print(screen);
            shown = std::move(screen);
        }
        if (const char key = wait_for_key(refresh_milliseconds); key != 0) {
            obey(key);
            shown.clear();
        }
    }
}
