# Shared by the scripts of this folder: which architecture, which fragments, how make is called. Sourced, never run.
#
# Reads ARCH, SOURCE, CAIRN_DRIVER_GROUPS; KERNEL is this folder. Everything is written below the current directory.

case $ARCH in
    x86_64) kernel_arch=x86_64 image=arch/x86/boot/bzImage ;;
    aarch64) kernel_arch=arm64 image=arch/arm64/boot/Image ;;
    *) echo "error: cannot build kernel: architecture '$ARCH' is not supported" >&2; exit 1 ;;
esac

groups=$(tr ' ' '\n' <<< "${CAIRN_DRIVER_GROUPS:-}" | sed '/^$/d' | sort -u)

# kernel_make ARGUMENT… runs make on the read-only source tree with its output here.
kernel_make() {
    make -C "$SOURCE" O="$PWD" ARCH="$kernel_arch" LLVM=-19 HOSTLDFLAGS=-fuse-ld=lld "$@"
}

# group_key GROUP KEY prints the value in "# KEY = value" of the group's header.
group_key() {
    sed -n "s/^# $2 = //p" "$KERNEL/drivers/$1.config"
}

# group_fragments GROUP prints the group's fragment and, if there is one, its part for this architecture.
group_fragments() {
    local path
    for path in "$KERNEL/drivers/$1.config" "$KERNEL/drivers/$1.$ARCH.config"; do
        if [ -e "$path" ]; then echo "$path"; fi
    done
}

# group_is_for_this_arch GROUP
group_is_for_this_arch() {
    group_key "$1" architectures | grep -q "\"$ARCH\""
}

# base_fragments prints the fragments that every kernel of this architecture has, in order.
base_fragments() {
    local name
    for name in base $ARCH hardening hardening.$ARCH; do echo "$KERNEL/config/$name.config"; done
}

# all_fragments prints every fragment of this build in order.
all_fragments() {
    local group
    base_fragments
    for group in $groups; do group_fragments "$group"; done
}
