#include "installer/slots/boot_files.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

using Names = std::vector<std::string>;

TEST(BootFiles, TellsWhatANameSays) {
    const auto kind = [](std::string_view name) { return find_boot_file(name)->kind; };
    EXPECT_EQ(kind("base_2.0.efi"), BootFileKind::uncounted);
    EXPECT_EQ(kind("base_2.0+3-0.efi"), BootFileKind::on_trial);
    EXPECT_EQ(kind("base_2.0.efi.staged"), BootFileKind::staged);
    EXPECT_EQ(kind("base_2.0.efi.part"), BootFileKind::unfinished);
    for (const char* name :
         {"grub.efi", "base_2.0+3-0.efi.staged", "base_2.0.efi.old", "base_2.0", ".staged", ""})
        EXPECT_FALSE(find_boot_file(name)) << name;
    EXPECT_EQ(find_boot_file(staged_name(v2))->image, v2);
    EXPECT_EQ(find_boot_file(unfinished_name(v2))->image, v2);
}

TEST(BootFiles, ListsOursAlone) {
    const BootFolder folder({"base_1.0.efi", "fedora.efi", "notes.txt"});
    std::filesystem::create_directory(folder.path() / "base_3.0.efi");
    const auto files = folder.files().list();
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].image, v1);
    EXPECT_EQ(files[0].size, make_boot_content("base", "1.0").size());
}

TEST(BootFiles, KnowsOneAsGoodOnlyWithoutACountedFileAndWithContent) {
    const BootFolder folder({"base_1.0.efi", "base_2.0.efi", "base_2.0+2-1.efi"});
    folder.put("base_3.0.efi", "");
    const auto files = folder.files().list();
    EXPECT_TRUE(find_known_good(files, v1));
    EXPECT_FALSE(find_known_good(files, v2));
    EXPECT_TRUE(known_good_besides(files, v1).empty());
    EXPECT_EQ(known_good_besides(files, v2), std::vector{v1});
}

TEST(BootFiles, TakesAVersionFromNothingToGood) {
    const BootFolder folder({"base_1.0.efi"});
    BootFiles files = folder.files();
    files.stage(v2, write_whole(v2));
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0.efi.staged"}));
    files.put_on_trial(v2);
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0+3-0.efi"}));
    files.set_tries(v2, {.left = 2, .done = 1});
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0+2-1.efi"}));
    files.mark_good(v2);
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0.efi"}));
    EXPECT_EQ(read_file(folder.path() / "base_2.0.efi"), make_boot_content("base", "2.0"));
    files.mark_good(v2);
    files.remove(v1);
    EXPECT_EQ(folder.names(), Names{"base_2.0.efi"});
}

TEST(BootFiles, TakesBackWhatWasNotTried) {
    const BootFolder folder({"base_1.0.efi", "base_2.0+3-0.efi", "base_10.0+2-1.efi"});
    folder.files().take_back(v2);
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_10.0+2-1.efi", "base_2.0.efi.staged"}));
    EXPECT_THROW(folder.files().take_back(v10), UsageError);
    EXPECT_THROW(folder.files().take_back(v1), UsageError);
}

TEST(BootFiles, NeverStagesOverAVersionThatTheLoaderSees) {
    const BootFolder folder({"base_1.0a.efi", "base_2.0+3-0.efi"});
    for (const ImageVersion& image : {v2, ImageVersion{"base", "1.0a"}, ImageVersion{"base", "1.0A"}})
        EXPECT_THROW(folder.files().stage(image, write_whole(image)), UsageError);
    EXPECT_EQ(folder.names(), (Names{"base_1.0a.efi", "base_2.0+3-0.efi"}));
}

TEST(BootFiles, AWriteThatFailsLeavesNothingTheLoaderSees) {
    const BootFolder folder({"base_1.0.efi"});
    BootFiles files = folder.files();
    EXPECT_THROW(files.stage(v2, [](int) { throw Error("the network is gone"); }), Error);
    EXPECT_EQ(choose_entry(folder.path(), Tie::first)->file, "base_1.0.efi");
    EXPECT_THROW(files.put_on_trial(v2), UsageError);
    files.clean_up();
    EXPECT_EQ(folder.names(), Names{"base_1.0.efi"});
}

TEST(BootFiles, RemovesNothingUnlessAnotherGoodOneStays) {
    for (const Names& names : {Names{"base_1.0.efi"}, Names{"base_1.0.efi", "base_2.0+3-0.efi"},
                               Names{"base_1.0.efi", "base_2.0+0-3.efi", "base_2.0.efi"}}) {
        const BootFolder folder(names);
        const Names before = folder.names();
        EXPECT_THROW(folder.files().remove(v1), UsageError);
        EXPECT_EQ(folder.names(), before);
    }
    const BootFolder empty({"base_1.0.efi"});
    empty.put("base_2.0.efi", "");
    EXPECT_THROW(empty.files().remove(v1), UsageError);
}

TEST(BootFiles, RemovesEveryFileOfAVersion) {
    const BootFolder folder({"base_1.0.efi", "base_2.0+2-1.efi", "base_2.0.efi", "base_2.0.efi.part",
                             "base_2.0.efi.staged", "fedora.efi"});
    folder.files().remove(v2);
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "fedora.efi"}));
}

TEST(BootFiles, WritesAnUnequalGoodFileAgainWhileTheCountedOneIsThere) {
    for (const std::string content : {"", "torn"}) {
        const BootFolder folder({"base_1.0.efi", "base_2.0+2-1.efi"});
        folder.put("base_2.0.efi", content);
        folder.files().mark_good(v2);
        EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0.efi"}));
        EXPECT_EQ(read_file(folder.path() / "base_2.0.efi"), make_boot_content("base", "2.0"));
    }
}

TEST(BootFiles, MarksNothingGoodWithoutItsFile) {
    const BootFolder folder({"base_1.0.efi"});
    EXPECT_THROW(folder.files().mark_good(v2), UsageError);
    folder.put("base_2.0+2-1.efi", "");
    EXPECT_THROW(folder.files().mark_good(v2), UsageError);
}

TEST(BootFiles, TwoCountedFilesOfARenameThatWasCutBecomeOne) {
    const BootFolder folder({"base_1.0.efi", "base_2.0+3-0.efi", "base_2.0+2-1.efi"});
    EXPECT_EQ(find_on_trial(folder.files().list(), v2)->file, "base_2.0+2-1.efi");
    folder.files().set_tries(v2, {.left = 1, .done = 2});
    EXPECT_EQ(folder.names(), (Names{"base_1.0.efi", "base_2.0+1-2.efi"}));
}

TEST(BootFiles, RenamesOverNothing) {
    // An empty file has the new name: it goes first.
    const BootFolder folder({"base_1.0.efi", "base_2.0.efi.staged"});
    folder.put("base_2.0+3-0.efi", "");
    folder.files().put_on_trial(v2);
    EXPECT_EQ(read_file(folder.path() / "base_2.0+3-0.efi"), make_boot_content("base", "2.0"));
    // Something that is none of ours has the name: it stays.
    std::filesystem::create_symlink("elsewhere", folder.path() / "base_10.0+3-0.efi");
    folder.put("base_10.0.efi.staged");
    EXPECT_THROW(folder.files().put_on_trial(v10), SystemError);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "base_10.0.efi.staged"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "base_10.0+3-0.efi"));
}

}  // namespace
}  // namespace cairn::slots
