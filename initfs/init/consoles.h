#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/fd.h"

namespace cairn::init {

/// All consoles of the machine, screen and serial lines: whoever stands before one of them must see what
/// happens.
class Consoles {
  public:
    /// No console is open yet: what is said goes nowhere.
    Consoles() = default;
    /// Opens what the kernel lists as active; those that cannot be opened are left out.
    static Consoles open(const std::filesystem::path& sys = "/sys",
                         const std::filesystem::path& dev = "/dev");

    /// One line, or several separated by '\n', on every console, and in the kernel's log (not printed again
    /// from there), which outlives this process. Never throws and never waits for a console that does not
    /// take it.
    void say(std::string_view text) const noexcept;

  private:
    std::vector<Fd> terminals_;
    Fd kernel_log_;
};

}  // namespace cairn::init
