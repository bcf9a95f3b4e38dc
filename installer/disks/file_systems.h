#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// Making, checking and mounting ext4 with the tools of e2fsprogs. Nothing here decides whether to make one.
namespace cairn::disks {

/// Makes ext4 on a device that is not mounted, and syncs it. What was there is gone. Throws CommandError with
/// the tool's own words.
void make_ext4(const std::filesystem::path& device, std::string_view label);

enum class CheckResult {
    clean,
    repaired,  // what needs no question: the journal was replayed
    rebuilt,   // more was wrong, such as the superblock: what lost its name is in lost+found
};
/// `e2fsck -p`, and where that wants to ask somebody, `e2fsck -y`: nobody is there. Makes no new file system
/// of what is none. Throws CommandError when it cannot be repaired.
CheckResult check_ext4(const std::filesystem::path& device);

/// mount(2). `flags` are MS_…; makes the target directory when it is missing.
void mount_file_system(const std::string& source, const std::filesystem::path& target,
                       const std::string& type, unsigned long flags, const std::string& options = "");

}  // namespace cairn::disks
