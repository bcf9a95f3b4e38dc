#include "installer/disks/file_systems.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

// e2fsck's exit status is a set of bits; these two mean that all is well now.
constexpr int errors_corrected = 1;
constexpr int restart_wanted = 2;  // only for a mounted root, which ours never is

CommandResult run_check(const char* answers, const std::filesystem::path& device) {
    return run_command({.arguments = {"e2fsck", answers, device.string()}});
}

bool is_well_now(const CommandResult& result) {
    return (result.status & ~(errors_corrected | restart_wanted)) == 0;
}

}  // namespace

void make_ext4(const std::filesystem::path& device, std::string_view label) {
    run_command_checked({.arguments = {"mke2fs", "-q", "-F", "-t", "ext4", "-m", "1", "-L",
                                       std::string(label), device.string()}});
    sync_fd(open_file(device, O_RDONLY).get(), device.string());
}

CheckResult check_ext4(const std::filesystem::path& device) {
    const CommandResult careful = run_check("-p", device);
    if (careful.status == 0) return CheckResult::clean;
    if (is_well_now(careful)) return CheckResult::repaired;
    // Without questions it does not even look for a backup of the superblock.
    const CommandResult thorough = run_check("-y", device);
    if (is_well_now(thorough)) return CheckResult::rebuilt;
    throw CommandError(std::format("the file system on '{}' cannot be repaired", device.string()),
                       thorough.status)
        .detail("e2fsck", std::string(trim(thorough.output + thorough.error)));
}

void mount_file_system(const std::string& source, const std::filesystem::path& target,
                       const std::string& type, unsigned long flags, const std::string& options) {
    make_directories(target);
    if (mount(source.c_str(), target.c_str(), type.c_str(), flags, options.c_str()) != 0)
        throw SystemError(std::format("cannot mount '{}' ({}) on '{}'", source, type, target.string()));
}

}  // namespace cairn::disks
