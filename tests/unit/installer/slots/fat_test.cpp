#include <algorithm>
#include <cstdlib>
#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

/// A FAT32 file system in a file, filled and read with mtools.
class FatImage {
  public:
    FatImage() {
        write_file(path_, "");
        std::filesystem::resize_file(path_, 64 << 20);
        run_command_checked(
            {.arguments = {"mkfs.fat", "-F", "32", "-s", "1", path_}, .environment = environment()});
    }
    static bool can_be_made() {
        const auto has = [](const char* tool, const char* option) {
            try {
                return run_command({.arguments = {tool, option}, .environment = environment()}).status != 127;
            } catch (const SystemError&) {
                return false;
            }
        };
        return has("mkfs.fat", "--help") && has("mcopy", "--version");
    }
    void put(const std::filesystem::path& file) const {
        run_command_checked({.arguments = {"mcopy", "-i", path_, file, "::"}});
    }
    std::string get(const std::string& file) const {
        return run_command_checked({.arguments = {"mtype", "-i", path_, "::" + file}});
    }
    /// One line a file, as `dir` shows it: the short name that FAT keeps besides, then the long one.
    std::vector<std::string> listing() const {
        return split(run_command_checked({.arguments = {"mdir", "-i", path_, "::"}}), '\n');
    }

  private:
    static std::vector<std::string> environment() {
        return {std::format("PATH={}:/usr/sbin:/sbin", std::getenv("PATH"))};
    }
    TemporaryDirectory directory_;
    std::string path_ = directory_.path() / "esp.img";
};

TEST(Fat, KeepsOurNamesAndShowsTheLoaderNoIgnoredOneByItsShortName) {
    if (!FatImage::can_be_made()) GTEST_SKIP() << "mkfs.fat or mtools is not there";
    const FatImage image;
    const ImageVersion odd = {.name = "base-x", .version = "1.0~rc^2.A"};
    const BootFolder folder(
        {"base_1.0.efi", "base_2.0+3-0.efi", "a_1.efi", layout::to_text({odd.name, odd.version})});
    folder.put(staged_name(v10));
    folder.put(unfinished_name(odd));
    for (const std::string& name : folder.names()) image.put(folder.path() / name);

    const auto lines = image.listing();
    for (const std::string& name : folder.names()) {
        EXPECT_EQ(image.get(name), read_file(folder.path() / name)) << name;
        if (name.ends_with(".efi")) continue;
        const auto line =
            std::ranges::find_if(lines, [&](const std::string& one) { return one.ends_with(name); });
        ASSERT_NE(line, lines.end()) << name;
        // "BASE_1~1 STA    600005 2026-11-21  10:00  base_10.0.efi.staged"
        EXPECT_NE(to_lower(line->substr(9, 3)), "efi") << *line;
    }
}

}  // namespace
}  // namespace cairn::slots
