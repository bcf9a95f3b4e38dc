#include "installer/slots/boot_file_root.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "tests/support/made_up_boot_file.h"

namespace cairn::slots {
namespace {

const std::string root(64, 'a');

std::optional<std::string> find(const std::string& content) {
    const TemporaryDirectory folder;
    write_file(folder.path() / "boot.efi", content);
    return find_root_of_boot_file(open_file(folder.path() / "boot.efi", O_RDONLY).get(), "boot.efi");
}
std::string boot_file(const std::string& command_line) {
    return testing::make_pe({{".linux", std::string(2000, 'k')}, {".cmdline", command_line}});
}

TEST(BootFileRoot, IsTheFirstOnTheCommandLine) {
    EXPECT_EQ(find(boot_file("quiet roothash=" + root + " roothash=" + std::string(64, 'b'))), root);
    EXPECT_EQ(find(boot_file("roothash=" + std::string(64, 'A'))), root);
    EXPECT_EQ(find(boot_file("roothash=" + root + std::string("\0roothash", 9))), root);
}

TEST(BootFileRoot, IsNothingElse) {
    EXPECT_EQ(find(boot_file("quiet")), std::nullopt);
    EXPECT_EQ(find(boot_file("roothash=12 roothash=" + root)), std::nullopt);
    EXPECT_EQ(find(testing::make_pe({{".linux", "roothash=" + root}})), std::nullopt);
    EXPECT_EQ(find(""), std::nullopt);
    EXPECT_EQ(find("roothash=" + root), std::nullopt);
}

TEST(BootFileRoot, IsNotReadFromAFileThatIsCutOff) {
    const std::string whole = boot_file("roothash=" + root);
    for (std::size_t length = 0; length < whole.size(); length += 7)
        EXPECT_EQ(find(whole.substr(0, length)), std::nullopt) << length;
}

}  // namespace
}  // namespace cairn::slots
