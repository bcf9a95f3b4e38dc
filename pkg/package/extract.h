#pragma once

#include "pkg/base/dir.h"
#include "pkg/package/reader.h"

namespace cairn::package {

enum class Owners {
    ours,   // everything belongs to who extracts; extended attributes are left out
    exact,  // owners and extended attributes as the package says; needs root
};

/// Writes all files of a package below `target`, by two threads in bounded memory; every byte is checked
/// before it is written, and no link in `target` is followed. Directories may be there already; anything else
/// that is in the way throws. On failure `target` is left half filled: extract into a fresh directory and
/// throw that away.
void extract_package(const PackageReader& package, const Dir& target, Owners owners = Owners::ours);

}  // namespace cairn::package
