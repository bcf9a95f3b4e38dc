#!/bin/bash
# Builds the kernel in the current directory and stages it: image, modules and their indexes, configuration,
# and what split.sh says about driver groups. Called by recipes/linux; kernel/README.md has the contract.
set -euo pipefail
KERNEL=$(dirname "$(readlink -f "$0")")
. "$KERNEL/lib.sh"

# Nothing of the build's time, place or user may show in the output.
export KBUILD_BUILD_USER=cairn KBUILD_BUILD_HOST=cairn KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_TIMESTAMP="Thu Jan  1 00:00:01 UTC 1970"
unset CFLAGS CXXFLAGS LDFLAGS # those of programs: the kernel has its own

"$KERNEL/configure.sh"
kernel_make -s "${image##*/}" modules

release=$(cat include/config/kernel.release)
modules=$STAGE/usr/lib/modules/$release
boot=$STAGE/usr/lib/cairn/boot

mkdir -p "$boot"
install -m 644 "$image" "$boot/vmlinuz"
kernel_make -s INSTALL_MOD_PATH="$STAGE/usr" INSTALL_MOD_STRIP=1 modules_install
rm -f "$modules/build" "$modules/source"
install -m 644 .config "$modules/config"

"$KERNEL/split.sh" "$modules" "$boot/drivers.json" "${SPLIT:-/build/split}"
