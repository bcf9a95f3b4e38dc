#!/bin/bash
# split.sh MODULES DRIVERS_JSON SPLIT — says which module belongs to which driver group.
#
# MODULES is the installed usr/lib/modules/<release>. Written are SPLIT/linux-drivers-<group>, the files that leave
# package 'linux' for the group's package, and DRIVERS_JSON, what an initfs is made from.
#
# A module belongs to the group whose fragment asks for the module's symbol with "=m". The symbol comes from the source's
# makefiles (obj-$(CONFIG_X) += x.o). A module that two groups ask for, or none by name, such as a library that others
# select, stays in package 'linux', which every image has: an image may list any of the groups without the rest.
set -euo pipefail
KERNEL=$(dirname "$(readlink -f "$0")")
. "$KERNEL/lib.sh"
modules=$1 drivers_json=$2 split=$3
release=${modules##*/}

# Prints "SYMBOL kernel/dir/module.ko" for each module the makefiles can make.
symbols_of_modules() {
    (cd "$SOURCE" && find . -name Makefile -o -name Kbuild) | sort | while read -r makefile; do
        echo "@ ${makefile%/*}"
        cat "$SOURCE/$makefile"
        echo
    done | awk '
        /^@ / { dir = substr($2, 3); next }
        { line = line $0 }
        /\\$/ { sub(/\\$/, " ", line); next }
        {
            if (match(line, /^[ \t]*obj-\$\(CONFIG_[A-Za-z0-9_]+\)[ \t]*[+:]?=/)) {
                symbol = substr(line, 1, RLENGTH); sub(/.*\(/, "", symbol); sub(/\).*/, "", symbol)
                n = split(substr(line, RLENGTH + 1), word, /[ \t]+/)
                for (i = 1; i <= n; i++)
                    if (sub(/\.o$/, ".ko", word[i])) print symbol, "kernel/" dir "/" word[i]
            }
            line = ""
        }'
}

# modules_of GROUP prints the installed modules that the group's fragments ask for.
modules_of() {
    local fragments
    mapfile -t fragments < <(group_fragments "$1")
    cat "${fragments[@]}" | sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=m$/\1/p' | sort -u | join -o 2.2 - symbols |
        sort -u | comm -12 - installed
}

# with_dependencies prints the modules on stdin and all that they need, by modules.dep.
with_dependencies() {
    awk 'NR == FNR { key = $1; sub(/:$/, "", key); $1 = ""; needs[key] = $0; next }
         { print $1; n = split(needs[$1], d, " "); for (i = 1; i <= n; i++) print d[i] }' "$modules/modules.dep" - | sort -u
}

# json_list prints the lines on stdin as a JSON array.
json_list() {
    sed 's/.*/"&"/' | paste -sd, | sed 's/.*/[&]/; s/^$/[]/'
}

symbols_of_modules | sort -u > symbols
(cd "$modules" && find kernel -name '*.ko' 2>/dev/null || true) | sort > installed
for group in $groups; do modules_of "$group" > "asked-$group"; done
for group in $groups; do cat "asked-$group"; done | sort | uniq -d > shared

mkdir -p "$split"
{
    echo "{\"release\": \"$release\", \"groups\": {"
    separator=""
    for group in $groups; do
        comm -23 "asked-$group" shared | sed "s|^|usr/lib/modules/$release/|" > "$split/linux-drivers-$group"
        printf '%s"%s": {"boot": %s, "firmware": %s, "modules": %s}' "$separator" "$group" \
            "$(group_key "$group" boot)" "$(group_key "$group" firmware)" \
            "$(with_dependencies < "asked-$group" | json_list)"
        separator=$',\n'
    done
    echo
    echo "}}"
} > "$drivers_json"
wc -l $(for group in $groups; do echo "$split/linux-drivers-$group"; done) /dev/null
