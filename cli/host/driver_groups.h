#pragma once

#include <string>
#include <vector>

#include "cli/host/host.h"

namespace cairn::host {

/// The driver groups that any of the images lists, sorted: what the kernel is compiled with.
std::vector<std::string> driver_groups_of(const Host& host, const std::vector<std::string>& images,
                                          recipe::Architecture architecture);

}  // namespace cairn::host
