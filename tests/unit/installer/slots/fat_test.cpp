#include <algorithm>
#include <cstdlib>
#include <format>
#include <gtest/gtest.h>

#include "installer/slots/salvaged_files.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "tests/support/fat_volume.h"
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
    const std::string& path() const { return path_; }
    /// fsck.fat's exit status.
    int check(const std::string& option) const {
        return run_command({.arguments = {"fsck.fat", option, path_}, .environment = environment()}).status;
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

/// The reader that judges what power cuts leave, against what mtools wrote.
TEST(Fat, IsReadByOurReaderAsItWasWritten) {
    if (!FatImage::can_be_made()) GTEST_SKIP() << "mkfs.fat or mtools is not there";
    const FatImage image;
    const BootFolder folder({"base_1.0.efi", "base_2.0+3-0.efi", "a_1.efi", "base_10.0.efi.staged"});
    folder.put("empty.efi", "");
    folder.put("PLAIN.TXT", "short");
    run_command_checked({.arguments = {"mmd", "-i", image.path(), "::EFI", "::EFI/Linux"}});
    for (const std::string& name : folder.names())
        run_command_checked(
            {.arguments = {"mcopy", "-i", image.path(), folder.path() / name, "::EFI/Linux/"}});

    const support::FatVolume volume(image.path(), 0);
    EXPECT_TRUE(volume.has_equal_tables());
    std::vector<std::string> names;
    for (const support::FatFile& file : volume.files()) {
        ASSERT_TRUE(file.path.starts_with("EFI/Linux/")) << file.path;
        names.push_back(file.path.substr(10));
        ASSERT_TRUE(file.is_whole) << file.path;
        EXPECT_EQ(volume.read(file), read_file(folder.path() / names.back())) << file.path;
    }
    std::ranges::sort(names);
    EXPECT_EQ(names, folder.names());
}

TEST(Fat, WhatAPowerCutLeavesWithoutANameIsSalvagedUnderOneThatWeRemove) {
    if (!FatImage::can_be_made()) GTEST_SKIP() << "mkfs.fat or mtools is not there";
    const FatImage image;
    const BootFolder folder({"base_2.0+3-0.efi"});
    image.put(folder.path() / "base_2.0+3-0.efi");
    std::string bytes = read_file(image.path());
    // The entry and the pieces of the long name before it; the clusters stay taken.
    const std::size_t entry = bytes.find("BASE_2");
    for (std::size_t piece = 0; piece <= 2; ++piece) bytes[entry - 32 * piece] = '\xe5';
    write_file(image.path(), bytes);
    EXPECT_EQ(image.check("-p"), 1);
    const support::FatVolume volume(image.path(), 0);
    ASSERT_EQ(volume.files().size(), 1U);
    EXPECT_TRUE(is_salvaged_name(volume.files()[0].path)) << volume.files()[0].path;
}

TEST(SalvagedFiles, AreRemovedAndNothingElse) {
    const TemporaryDirectory top;
    for (const char* name : {"FSCK0000.REC", "fsck0012.rec", "FSCK000.REC", "FSCK00000.REC", "FSCKabcd.REC",
                             "FSCK0000.TXT", "notes.rec"})
        write_file(top.path() / name, "bytes");
    remove_salvaged_files(Dir::open(top.path()));
    EXPECT_EQ(Dir::open(top.path()).names(""),
              (std::vector<std::string>{"FSCK000.REC", "FSCK0000.TXT", "FSCK00000.REC", "FSCKabcd.REC",
                                        "notes.rec"}));
}

TEST(Fat, ShowsTheShortNameOnceAPieceOfTheLongOneIsGone) {
    if (!FatImage::can_be_made()) GTEST_SKIP() << "mkfs.fat or mtools is not there";
    const FatImage image;
    const BootFolder folder({"base_2.0+3-0.efi"});
    image.put(folder.path() / "base_2.0+3-0.efi");
    std::string bytes = read_file(image.path());
    const std::size_t entry = bytes.find("BASE_2");
    ASSERT_NE(entry, std::string::npos);
    bytes[entry - 32] = '\xe5';  // its first piece, which stands right before it
    write_file(image.path(), bytes);
    const support::FatVolume volume(image.path(), 0);
    ASSERT_EQ(volume.files().size(), 1U);
    EXPECT_TRUE(volume.files()[0].path.ends_with("~1.EFI")) << volume.files()[0].path;
    EXPECT_TRUE(volume.files()[0].is_whole);
}

}  // namespace
}  // namespace cairn::slots
