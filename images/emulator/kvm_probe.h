#pragma once

#include "images/layout/architecture.h"

namespace cairn::emulator {

/// True when a small guest really ran with hardware virtualisation on this machine. That /dev/kvm opens, or
/// that a virtual machine can be made, proves nothing: there are machines where every guest then dies.
bool has_working_kvm(layout::Architecture architecture);

}  // namespace cairn::emulator
