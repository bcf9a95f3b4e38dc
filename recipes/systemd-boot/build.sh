#!/bin/bash
# Compiles systemd-boot and systemd-stub as their meson.build does, and turns both into PE files with a fixed time.
set -euo pipefail
version=257.13

case $ARCH in
    x86_64) efi_arch=x64 arch_flags="-m64 -march=x86-64 -mno-red-zone" ;;
    aarch64) efi_arch=aa64 arch_flags="" ;;
esac

# sbat names the component and its generation, which is how Secure Boot revokes broken loaders.
cat > efi_config.h <<END
#pragma once
#define ENABLE_TPM 1
#define COLOR_NORMAL EFI_TEXT_ATTR(EFI_LIGHTGRAY, EFI_BLACK)
#define COLOR_ENTRY EFI_TEXT_ATTR(EFI_LIGHTGRAY, EFI_BLACK)
#define COLOR_HIGHLIGHT EFI_TEXT_ATTR(EFI_BLACK, EFI_LIGHTGRAY)
#define COLOR_EDIT EFI_TEXT_ATTR(EFI_BLACK, EFI_LIGHTGRAY)
#define PROJECT_VERSION "${version%%.*}"
#define PROJECT_URL "https://systemd.io/"
#define VERSION_TAG "$version"
#define SBAT_PROJECT "systemd"
#define SBAT_DISTRO "cairn"
#define SBAT_DISTRO_GENERATION 1
#define SBAT_DISTRO_SUMMARY "Cairn"
#define SBAT_DISTRO_PKGNAME "systemd-boot"
#define SBAT_DISTRO_VERSION "$version"
#define SBAT_DISTRO_URL "https://systemd.io/"
END
echo "#define GIT_VERSION \"$version\"" > version.h

cat > flags <<END
--target=$TRIPLE -std=gnu11 -O2 -nostdlib -DSD_BOOT=1 -DEFI_MACHINE_TYPE_NAME=\"$efi_arch\"
-I. -I$SOURCE/src/fundamental -I$SOURCE/src/boot -include efi_config.h
-ffreestanding -nostdlibinc -fno-strict-aliasing -fshort-wchar -fPIE -fvisibility=hidden -fno-common
-ffunction-sections -fdata-sections
-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions -ftrivial-auto-var-init=zero
-fstack-protector-strong -mstack-protector-guard=global -mgeneral-regs-only $arch_flags
-Wall -Werror=implicit-function-declaration -Wno-gnu-variable-sized-type-not-at-end -Wno-unused-command-line-argument
END

common="fundamental/bootspec-fundamental fundamental/chid-fundamental fundamental/efivars-fundamental
    fundamental/sha1-fundamental fundamental/sha256-fundamental fundamental/string-util-fundamental fundamental/uki
    boot/chid boot/console boot/device-path-util boot/devicetree boot/drivers boot/efi-string boot/efivars
    boot/export-vars boot/graphics boot/initrd boot/log boot/measure boot/part-discovery boot/pe boot/random-seed
    boot/secure-boot boot/shim boot/smbios boot/ticks boot/util boot/vmm"
loader="boot/boot boot/bcd"
stub="boot/cpio boot/linux boot/splash boot/stub"
if [ "$ARCH" = x86_64 ]; then stub="$stub boot/linux_x86"; fi

# objects_of UNIT… prints the object file of each unit, relative to here.
objects_of() {
    local unit
    for unit in "$@"; do echo "${unit##*/}.o"; done
}

for unit in $common $loader $stub; do echo "${unit##*/}.o $SOURCE/src/$unit.c"; done |
    xargs -P "$JOBS" -L 1 clang-19 @flags -c -o

# make_efi NAME SECTIONS OBJECT… links and converts; SECTIONS is the room left in the PE header.
make_efi() {
    local name=$1 sections=$2
    shift 2
    clang-19 --target=$TRIPLE -fuse-ld=lld -nostdlib -static-pie -Wl,--entry=efi_main -Wl,--fatal-warnings \
        -Wl,-static,-pie,--no-dynamic-linker,-z,text -Wl,-z,common-page-size=4096 -Wl,-z,max-page-size=4096 \
        -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,separate-code -Wl,-z,nopack-relative-relocs -Wl,--gc-sections \
        -o "$name.elf" "$@"
    python3 "$SOURCE/tools/elf2efi.py" --version-major=${version%%.*} --version-minor=${version#*.} \
        --efi-major=1 --efi-minor=1 --subsystem=10 --minimum-sections="$sections" \
        --copy-sections=.sbat,.sdmagic,.osrel "$name.elf" "$STAGE/usr/lib/cairn/boot/$name.efi"
}

mkdir -p "$STAGE/usr/lib/cairn/boot"
make_efi loader 0 $(objects_of $loader $common)
make_efi stub 30 $(objects_of $stub $common)
