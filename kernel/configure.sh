#!/bin/bash
# Makes .config in the current directory out of the fragments, and fails when a symbol that a fragment
# asks for did not survive Kconfig's resolution, naming it and its fragment.
#
# Starts from allnoconfig: a symbol that no fragment names is off. Kconfig drops a symbol whose dependencies are
# missing without a word, and raises "m" to "y" when something built in selects it; both are found here.
set -euo pipefail
KERNEL=$(dirname "$(readlink -f "$0")")
. "$KERNEL/lib.sh"

check_groups() {
    local group
    for group in $groups; do
        if [ ! -e "$KERNEL/drivers/$group.config" ]; then
            echo "error: cannot configure kernel: there is no driver group '$group'" >&2
            echo "hint: groups are the files of kernel/drivers: $(list_groups)" >&2
            exit 1
        fi
        if ! group_is_for_this_arch "$group"; then
            echo "error: cannot configure kernel: driver group '$group' is not for $ARCH" >&2
            exit 1
        fi
    done
}

list_groups() {
    (cd "$KERNEL/drivers" && ls | sed -n 's/^\([a-z0-9-]*\)\.config$/\1/p' | paste -sd' ')
}

# The certificate modules are checked against: the only setting whose value is not known beforehand.
write_certificate_fragment() {
    echo "CONFIG_SYSTEM_TRUSTED_KEYS=\"$MODULE_CERT\"" > certificate.config
}

# Prints "fragment symbol wanted found" for every request that .config does not fulfil.
unfulfilled() {
    awk '
        function symbol_of(line) { return line ~ /^# CONFIG_/ ? $2 : substr(line, 1, index(line, "=") - 1) }
        function value_of(line) { return line ~ /^# CONFIG_/ ? "n" : substr(line, index(line, "=") + 1) }
        !/^CONFIG_[A-Za-z0-9_]+=/ && !/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { next }
        FILENAME == ".config" { found[symbol_of($0)] = value_of($0); next }
        {
            symbol = symbol_of($0); wanted = value_of($0); is = symbol in found ? found[symbol] : "n"
            if (is != wanted) { n = split(FILENAME, part, "/"); print part[n], symbol, wanted, is }
        }
    ' .config "$@"
}

check_groups
write_certificate_fragment
mapfile -t fragments < <(all_fragments)
fragments+=("$PWD/certificate.config")
sort -u "${fragments[@]}" > requested.config
kernel_make -s KCONFIG_ALLCONFIG=requested.config allnoconfig
kernel_make -s olddefconfig

lost=$(unfulfilled "${fragments[@]}")
if [ -n "$lost" ]; then
    echo "error: cannot configure kernel: $(wc -l <<< "$lost") requested symbols did not survive" >&2
    while read -r fragment symbol wanted found; do
        echo "  $fragment: $symbol: wanted $wanted, is $found" >&2
    done <<< "$lost"
    echo "hint: look at the symbol's dependencies with 'make menuconfig' (press /) and add what is missing" >&2
    exit 1
fi
echo "kernel configured: $(grep -c '=y$' .config) built in, $(grep -c '=m$' .config) modules, groups:" $groups
