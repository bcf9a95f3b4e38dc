#pragma once

#include <termios.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "installer/status/screen.h"

namespace cairn::status {

/// The terminal in front of which somebody may stand. Every function throws SystemError once it is gone.
class Console {
  public:
    /// From here on keys arrive one by one, are not shown, and none of them ends or stops the program.
    /// Borrows the descriptors. `kind` is what TERM says.
    explicit Console(std::string_view kind, int input = STDIN_FILENO, int output = STDOUT_FILENO);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    ScreenSize size() const;
    /// Shows the screen, as well as this terminal can.
    void show(const std::vector<Line>& lines);
    /// Draws all of it the next time, over what others (the kernel) may have written. Where nothing can be
    /// drawn over, nothing is repeated.
    void forget_shown();

    /// The next key; 0 when none came in time.
    char wait_for_key(int milliseconds) const;
    /// Asks below the screen. True for exactly "yes" and Enter: a cat on the keyboard must not restart a
    /// machine. False for all else, and when no key comes for so long.
    bool confirm(std::string_view question, int milliseconds) const;

  private:
    void print(std::string_view text) const;

    int input_;
    int output_;
    termios before_ = {};
    bool is_terminal_ = false;  // there are settings to put back
    bool can_move_cursor_ = false;
    std::vector<Line> shown_;
};

}  // namespace cairn::status
