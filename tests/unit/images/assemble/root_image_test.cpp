#include "images/assemble/root_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "tests/unit/images/assemble/mkfs_erofs.h"

namespace cairn::assemble {
namespace {

using ::testing::HasSubstr;

std::string report_of(auto&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.report();
    }
    return "no error";
}

TEST(RootImage, OutgrownSlotNamesExcessAndLargestPackages) {
    const std::string report = report_of([] {
        check_root_fits(12'000'000, 10'000'000,
                        {{"a", 1}, {"big", 7'000'000}, {"c", 2}, {"d", 3}, {"e", 4}, {"middle", 3'000'000}});
    });
    EXPECT_THAT(report, HasSubstr("2.0 MB larger than its slot"));
    EXPECT_THAT(report,
                HasSubstr("largest packages: big (7.0 MB), middle (3.0 MB), e (4 B), d (3 B), c (2 B)"));
    EXPECT_NO_THROW(check_root_fits(10'000'000, 10'000'000, {}));
}

TEST(RootImage, FailureOfMkfsSaysItsWords) {
    const TemporaryDirectory directory;
    const auto mkfs = write_script(directory.path() / "mkfs", "echo 'disk is on fire' >&2; exit 3");
    const auto report = report_of([&] {
        write_root_image({.mkfs = mkfs, .output = directory.path() / "root", .write_tar = [](int fd) {
                              for (int i = 0; i < 64; ++i) write_all(fd, std::string(100'000, 'x'), "pipe");
                          }});
    });
    EXPECT_THAT(report, HasSubstr("mkfs.erofs failed"));
    EXPECT_THAT(report, HasSubstr("disk is on fire"));
}

TEST(RootImage, FailureOfTheStreamComesFirst) {
    const TemporaryDirectory directory;
    const auto mkfs = write_script(directory.path() / "mkfs", "cat > /dev/null; exit 1");
    const auto report = report_of([&] {
        write_root_image({.mkfs = mkfs, .output = directory.path() / "root", .write_tar = [](int) {
                              throw Error("a package is damaged");
                          }});
    });
    EXPECT_THAT(report, HasSubstr("a package is damaged"));
}

TEST(RootImage, OutputIsPaddedToWholeBlocks) {
    const TemporaryDirectory directory;
    const auto mkfs = write_made_up_mkfs(directory.path() / "mkfs");
    const std::uint64_t size =
        write_root_image({.mkfs = mkfs, .output = directory.path() / "root", .write_tar = [](int fd) {
                              write_all(fd, std::string(5000, 'x'), "pipe");
                          }});
    EXPECT_EQ(size, 8192u);
    EXPECT_EQ(read_file(directory.path() / "root"), std::string(5000, 'x') + std::string(3192, '\0'));
}

}  // namespace
}  // namespace cairn::assemble
