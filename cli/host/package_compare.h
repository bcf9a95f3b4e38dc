#pragma once

#include <string>

#include "pkg/package/reader.h"

namespace cairn::host {

/// What changed from one package to another, for people or as JSON. Gives exit code 0 when nothing did, else
/// 1, as diff does.
int print_difference(const package::PackageReader& before, const package::PackageReader& after, bool is_json);

}  // namespace cairn::host
