#pragma once

#include <signal.h>

namespace cairn::device {

/// While it lives, Ctrl-C and SIGTERM only set a mark, so that what waits can end in order; a second one ends
/// the program. One at a time.
class Interrupts {
  public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    static bool were_seen();

  private:
    struct sigaction before_interrupt_ = {};
    struct sigaction before_end_ = {};
};

}  // namespace cairn::device
