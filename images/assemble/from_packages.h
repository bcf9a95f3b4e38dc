#pragma once

#include "images/assemble/packaged_tree.h"
#include "pkg/rootfs/rootfs.h"

namespace cairn::assemble {

/// A laid-out root as what images are made from. Borrows `root`, which must live as long as the result; the
/// result is for one thread.
PackagedTree from_packages(const rootfs::RootTree& root);

}  // namespace cairn::assemble
