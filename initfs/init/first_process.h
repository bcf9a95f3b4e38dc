#pragma once

namespace cairn::init {

/// The whole work of process 1 until the services' supervisor takes its place: find the disk, make or mount
/// the data partition, verify the root, fill /etc, hand over. Whatever goes wrong is said on every console
/// and in the boot record, and then the machine restarts: process 1 never ends.
[[noreturn]] void run_first_process();

}  // namespace cairn::init
