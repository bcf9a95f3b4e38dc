#pragma once

#include "pkg/base/dir.h"
#include "pkg/package/place_entries.h"
#include "pkg/package/reader.h"

namespace cairn::package {

/// Writes all files of a package below `target`, by two threads in bounded memory; every byte is checked
/// before it is written, and no link in `target` is followed. Directories may be there already; anything else
/// that is in the way throws. On failure `target` is left half filled: extract into a fresh directory and
/// throw that away.
void extract_package(const PackageReader& package, const Dir& target, Owners owners = Owners::ours);

/// Only the regular files that have a place, with their attributes. Chunks of which nothing is wanted are not
/// read. The directories must be there.
void extract_contents(const PackageReader& package, const Dir& target, const Places& places, Owners owners);

}  // namespace cairn::package
