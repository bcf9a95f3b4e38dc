#include "cli/device/interrupts.h"

namespace cairn::device {
namespace {

volatile sig_atomic_t was_seen = 0;

void on_signal(int) {
    was_seen = 1;
}

}  // namespace

Interrupts::Interrupts() {
    was_seen = 0;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESETHAND;
    sigaction(SIGINT, &action, &before_interrupt_);
    sigaction(SIGTERM, &action, &before_end_);
}

Interrupts::~Interrupts() {
    sigaction(SIGINT, &before_interrupt_, nullptr);
    sigaction(SIGTERM, &before_end_, nullptr);
}

bool Interrupts::were_seen() {
    return was_seen != 0;
}

}  // namespace cairn::device
