#include "installer/settings/owner.h"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <format>

#include "pkg/base/error.h"

namespace cairn::settings {
namespace {

/// setfsuid(2) and setfsgid(2) report no errors: an id that is none asks for the one that holds.
constexpr auto ask = static_cast<uid_t>(-1);

}  // namespace

AsOwner::AsOwner(const std::filesystem::path& directory) {
    struct stat status = {};
    if (lstat(directory.c_str(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", directory.string()));
    if (geteuid() != 0 || status.st_uid == 0) return;
    setfsgid(status.st_gid);
    setfsuid(status.st_uid);  // gives up root's rights over files with it
    is_changed_ = true;
    CHECK(static_cast<uid_t>(setfsuid(ask)) == status.st_uid);
    CHECK(static_cast<gid_t>(setfsgid(ask)) == status.st_gid);
}

AsOwner::~AsOwner() {
    if (!is_changed_) return;
    setfsuid(geteuid());
    setfsgid(getegid());
}

}  // namespace cairn::settings
