#pragma once

#include <string_view>

/// Places that the image, the installer and the first process must agree on. Paths in the root file system
/// are relative to it, without a leading '/', as in packages' file tables.
namespace cairn::layout::paths {

/// In the root: what the boot file is put together from.
inline constexpr std::string_view boot_folder = "usr/lib/cairn/boot";
inline constexpr std::string_view stub = "usr/lib/cairn/boot/stub.efi";
inline constexpr std::string_view loader = "usr/lib/cairn/boot/loader.efi";
inline constexpr std::string_view kernel = "usr/lib/cairn/boot/vmlinuz";
inline constexpr std::string_view initfs = "usr/lib/cairn/boot/initfs.cpio.zst";
/// Which modules and firmware the kernel's boot driver groups have (package linux).
inline constexpr std::string_view boot_drivers = "usr/lib/cairn/boot/drivers.json";
/// What packages put here goes into the initfs at its top: usr/lib/cairn/initfs/init becomes /init.
inline constexpr std::string_view initfs_folder = "usr/lib/cairn/initfs";

/// In the root: what this version is.
inline constexpr std::string_view release = "usr/lib/cairn/release.json";
inline constexpr std::string_view settings_defaults = "usr/lib/cairn/settings-defaults.json";
inline constexpr std::string_view os_release = "usr/lib/os-release";
inline constexpr std::string_view sbom = "usr/share/cairn/sbom.spdx.json";
inline constexpr std::string_view trusted_root = "usr/share/cairn/root.json";

/// On the ESP.
inline constexpr std::string_view esp_removable_folder = "EFI/BOOT";
inline constexpr std::string_view esp_loader_folder = "EFI/systemd";
inline constexpr std::string_view esp_boot_files = "EFI/Linux";
inline constexpr std::string_view esp_loader_settings = "loader/loader.conf";
inline constexpr std::string_view esp_cairn_folder = "cairn";
inline constexpr std::string_view esp_first_boot_settings = "cairn/first-boot.json";
inline constexpr std::string_view esp_install_answers = "cairn/answers.json";
inline constexpr std::string_view esp_reset_data = "cairn/reset-data";

/// On the running system: what the first process found.
inline constexpr std::string_view boot_report = "/run/cairn/boot.json";
/// There as long as a USB stick with a repository is plugged in (installer/stick): its metadata and targets.
inline constexpr std::string_view stick_repository = "/run/cairn/usb";

}  // namespace cairn::layout::paths
