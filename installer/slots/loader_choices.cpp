#include "installer/slots/loader_choices.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <format>
#include <string_view>

#include "installer/slots/loader_variables.h"
#include "pkg/base/fd.h"

namespace cairn::slots {

namespace {

constexpr std::string_view choices[] = {"LoaderEntryDefault", "LoaderEntryOneShot"};

/// The kernel protects variables that it does not know with this flag.
void make_changeable(const std::filesystem::path& file) {
    const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    unsigned int flags = 0;
    if (!fd.is_open() || ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
    flags &= ~static_cast<unsigned int>(FS_IMMUTABLE_FL);
    ioctl(fd.get(), FS_IOC_SETFLAGS, &flags);
}

}  // namespace

std::vector<std::string> remove_loader_choices(const std::filesystem::path& variables) {
    std::vector<std::string> removed;
    for (const std::string_view name : choices) {
        const std::filesystem::path file = variables / std::format("{}-{}", name, loader_vendor);
        if (access(file.c_str(), F_OK) != 0) continue;
        make_changeable(file);
        if (unlink(file.c_str()) == 0) removed.emplace_back(name);
    }
    return removed;
}

}  // namespace cairn::slots
