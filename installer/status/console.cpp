#include "installer/status/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::status {

Console::Console(std::string_view kind, int input, int output)
    : input_(input),
      output_(output),
      is_terminal_(tcgetattr(input, &before_) == 0),
      can_move_cursor_(isatty(output) == 1 && !kind.empty() && kind != "dumb") {
    if (!is_terminal_) return;
    termios settings = before_;
    // Without ISIG and IXON: Ctrl-Z and Ctrl-S would leave a screen that looks alive and is not.
    settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    settings.c_iflag &= ~static_cast<tcflag_t>(IXON);
    tcsetattr(input_, TCSAFLUSH, &settings);
}

Console::~Console() {
    if (is_terminal_) tcsetattr(input_, TCSAFLUSH, &before_);
}

ScreenSize Console::size() const {
    winsize size = {};
    // A serial line knows no size: 0 by 0.
    if (ioctl(output_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {.columns = size.ws_col, .rows = size.ws_row};
}

void Console::show(const std::vector<Line>& lines) {
    print(can_move_cursor_ ? draw(shown_, lines) : list_changes(shown_, lines));
    shown_ = lines;
}

void Console::forget_shown() {
    if (can_move_cursor_) shown_.clear();
}

void Console::print(std::string_view text) const {
    write_all(output_, text, "the console");
}

char Console::wait_for_key(int milliseconds) const {
    pollfd waiting = {.fd = input_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, milliseconds) <= 0) return 0;
    char key = 0;
    const ssize_t count = read(input_, &key, 1);
    if (count == 0) errno = EIO;  // nobody at the other end any more
    if (count != 1) throw SystemError("cannot read from the console");
    return key;
}

bool Console::confirm(std::string_view question, int milliseconds) const {
    print(std::string(question) + " Type yes and Enter: ");
    std::string typed;
    while (true) {
        const char key = wait_for_key(milliseconds);
        if (key == 0 || key == '\r' || key == '\n') {
            print("\n");
            return key != 0 && typed == "yes";
        }
        if (typed.size() < 8) typed += key;
        if (key >= ' ' && key < 0x7f) print({&key, 1});
    }
}

}  // namespace cairn::status
