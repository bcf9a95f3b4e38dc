#include "installer/firstboot/directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const fs::path& path) {
    struct stat status = {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status;
}

TEST(DeviceDirectories, AreMadeAndMended) {
    const TemporaryDirectory root;
    make_device_directories(root.path(), {});
    const fs::path settings = root.path() / "var/lib/cairn/settings";
    EXPECT_EQ(status_of(settings).st_mode & 07777, 0700U);
    fs::permissions(settings, fs::perms::all);
    make_device_directories(root.path(), {});
    EXPECT_EQ(status_of(settings).st_mode & 07777, 0700U);
}

TEST(DeviceDirectories, BelongToTheDaemonWhereItWrites) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const TemporaryDirectory root;
    make_device_directories(root.path(), Owner{12345, 12346});
    const fs::path cairn = root.path() / "var/lib/cairn";
    for (const char* name : {"tuf", "settings", "identity/tls", "update/targets"}) {
        EXPECT_EQ(status_of(cairn / name).st_uid, 12345U) << name;
        EXPECT_EQ(status_of(cairn / name).st_gid, 12346U) << name;
    }
    for (const char* name : {"", "identity", "update"}) EXPECT_EQ(status_of(cairn / name).st_uid, 0U) << name;
}

TEST(DeviceDirectories, ALinkInThePlaceOfOneIsNotFollowed) {
    const TemporaryDirectory root;
    make_directories(root.path() / "var/lib/cairn");
    make_directories(root.path() / "elsewhere");
    fs::create_directory_symlink(root.path() / "elsewhere", root.path() / "var/lib/cairn/tuf");
    EXPECT_THROW(make_device_directories(root.path(), {}), SystemError);
}

TEST(Identity, IsMadeOnce) {
    const TemporaryDirectory root;
    make_device_directories(root.path(), {});
    make_identity(root.path());
    const fs::path seed = root.path() / "var/lib/cairn/identity/wave-seed";
    const std::string made = read_file(seed);
    EXPECT_LT(std::stoi(made), 2048);
    make_identity(root.path());
    EXPECT_EQ(read_file(seed), made);
}

}  // namespace
}  // namespace cairn::firstboot
