#pragma once

#include <filesystem>
#include <string>

namespace cairn::disks {

/// What people call this machine: maker and product as the firmware tells (DMI), or the device tree's model;
/// else the kernel's name of the processor architecture. `root` is for tests.
std::string read_machine_name(const std::filesystem::path& root = "/");

}  // namespace cairn::disks
