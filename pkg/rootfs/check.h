#pragma once

#include <span>
#include <string>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/package/head.h"
#include "pkg/package/place_entries.h"

namespace cairn::rootfs {

/// An installed path that is not as its package says.
struct Deviation {
    std::string package;
    std::string path;
    std::string what;  // "is missing", "has other content", "has mode 0600 instead of 0644"
    bool operator==(const Deviation&) const = default;
};

/// Compares every path of these packages with the root: kind, content, link target, mode and, when exact,
/// owner. By two threads; follows no link. In the order of packages and paths.
std::vector<Deviation> check_root(const Dir& root, std::span<const package::VerifiedHead* const> heads,
                                  package::Owners owners);

}  // namespace cairn::rootfs
