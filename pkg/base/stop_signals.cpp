#include "pkg/base/stop_signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "pkg/base/error.h"

namespace cairn {

Fd open_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) throw SystemError("cannot wait for signals");
    Fd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
    if (!fd.is_open()) throw SystemError("cannot wait for signals");
    return fd;
}

}  // namespace cairn
