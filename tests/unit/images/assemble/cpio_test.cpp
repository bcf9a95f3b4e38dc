#include "images/assemble/cpio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::assemble {
namespace {

using archive::Kind;

std::string make_sample() {
    CpioArchive archive(1000000000);
    archive.add({.path = "bin", .kind = Kind::directory, .mode = 0755}, "");
    archive.add({.path = "bin/tool", .kind = Kind::file, .mode = 0755, .size = 5}, "hello");
    archive.add({.path = "init", .kind = Kind::symlink, .mode = 0777, .target = "bin/tool"}, "");
    archive.add({.path = "owned", .kind = Kind::file, .mode = 0640, .uid = 3, .gid = 4}, "");
    return std::move(archive).finish();
}

TEST(Cpio, CpioReadsWhatWasAdded) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a.cpio", make_sample());
    const auto run = [&](std::vector<std::string> arguments) {
        return run_command_checked({.arguments = std::move(arguments),
                                    .directory = directory.path(),
                                    .environment = {"TZ=UTC", "LC_ALL=C.UTF-8"}});
    };
    const std::string list = run({"cpio", "--quiet", "-itvn", "-F", "a.cpio"});
    EXPECT_THAT(list, testing::ContainsRegex("drwxr-xr-x +2 0 +0 +0 Sep +9 +2001 bin\n"));
    EXPECT_THAT(list, testing::ContainsRegex("-rw-r----- +1 3 +4 +0 .* owned\n"));
    EXPECT_THAT(list, testing::HasSubstr("init -> bin/tool"));
    run({"cpio", "--quiet", "-id", "-F", "a.cpio", "bin/tool"});
    EXPECT_EQ(read_file(directory.path() / "bin/tool"), "hello");
}

TEST(Cpio, SameEntriesGiveTheSameBytes) {
    EXPECT_EQ(make_sample(), make_sample());
    EXPECT_EQ(make_sample().size() % 4, 0u);
}

TEST(Cpio, HardLinksAreRefused) {
    CpioArchive archive(0);
    EXPECT_THROW(archive.add({.path = "x", .kind = Kind::hard_link, .target = "y"}, ""), Error);
}

}  // namespace
}  // namespace cairn::assemble
