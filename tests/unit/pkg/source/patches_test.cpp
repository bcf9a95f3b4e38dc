#include "pkg/source/patches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* good =
    "words before it\n--- a/src/file.c\t2025-01-01\n+++ b/src/file.c\t2025-01-02\n@@ -1,3 +1,3 @@\n "
    "one\n-two\n+TWO\n three\n";

class PatchesTest : public testing::Test {
  protected:
    PatchesTest() {
        make_directories(tree() / "src");
        write_file(tree() / "src/file.c", "one\ntwo\nthree\n");
    }
    fs::path tree() const { return work_.path() / "tree"; }

    static std::string with_names(const std::string& old_name, const std::string& new_name) {
        return "--- " + old_name + "\n+++ " + new_name + "\n@@ -0,0 +1 @@\n+bad\n";
    }
    std::string refusal(const std::string& text) {
        try {
            apply_patch({"x.patch", text}, tree());
        } catch (const VerifyError& error) {
            return error.message();
        }
        return "";
    }
    std::string failure(const std::string& text) {
        try {
            apply_patch({"x.patch", text}, tree());
        } catch (const Error& error) {
            return error.message();
        }
        return "";
    }

    TemporaryDirectory work_;
};

TEST_F(PatchesTest, ChangesMakesAndRemovesFiles) {
    apply_patch({"x.patch", std::string(good) + "--- /dev/null\n+++ b/new/file\n@@ -0,0 +1 @@\n+new\n"},
                tree());
    EXPECT_EQ(read_file(tree() / "src/file.c"), "one\nTWO\nthree\n");
    EXPECT_EQ(read_file(tree() / "new/file"), "new\n");
    apply_patch({"y.patch", "--- a/new/file\n+++ /dev/null\n@@ -1 +0,0 @@\n-new\n"}, tree());
    EXPECT_FALSE(fs::exists(tree() / "new/file"));
}

TEST_F(PatchesTest, NamesPatchHunkAndFileThatDoNotApply) {
    write_file(tree() / "src/file.c", "one\nother\nthree\n");
    EXPECT_EQ(failure(good), "cannot apply patch 'x.patch': hunk #1 of 'src/file.c' does not apply");
    EXPECT_EQ(read_file(tree() / "src/file.c"), "one\nother\nthree\n");
    EXPECT_FALSE(fs::exists(tree() / "src/file.c.orig"));
    EXPECT_FALSE(fs::exists(tree() / "src/file.c.rej"));
}

TEST_F(PatchesTest, AllowsNoFuzz) {
    write_file(tree() / "src/file.c", "one\ntwo\nthree!\n");
    EXPECT_THAT(failure(good), HasSubstr("does not apply"));
}

TEST_F(PatchesTest, SaysThatChangesAreThereAlready) {
    apply_patch({"x.patch", good}, tree());
    EXPECT_THAT(failure(good), HasSubstr("already has its changes"));
}

TEST_F(PatchesTest, SaysThatFileIsMissing) {
    EXPECT_THAT(failure("--- a/gone.c\n+++ b/gone.c\n@@ -1 +1 @@\n-a\n+b\n"), HasSubstr("not in the source"));
}

TEST_F(PatchesTest, RefusesToClimbOut) {
    EXPECT_THAT(refusal(with_names("a/../../victim", "b/../../victim")), HasSubstr("climbs out"));
    EXPECT_THAT(refusal(with_names("/dev/null", "b/../victim")), HasSubstr("climbs out"));
    EXPECT_THAT(refusal(with_names("../victim", "a/file")), HasSubstr("climbs out"));
    EXPECT_THAT(refusal(with_names("/dev/null", "../victim and words")), HasSubstr("climbs out"));
    EXPECT_THAT(
        refusal("diff --git a/x b/x\nrename from src/file.c\nrename to ../victim\n" + std::string(good)),
        HasSubstr("climbs out"));
    EXPECT_THAT(refusal("Index: ../victim\n" + std::string(good)), HasSubstr("climbs out"));
    EXPECT_FALSE(fs::exists(work_.path() / "victim"));
}

TEST_F(PatchesTest, RefusesAbsoluteNames) {
    const std::string victim = (work_.path() / "victim").string();
    EXPECT_THAT(refusal(with_names("/dev/null", victim)), HasSubstr("absolute"));
    EXPECT_THAT(refusal(with_names(victim, "b/file")), HasSubstr("absolute"));
    EXPECT_FALSE(fs::exists(victim));
}

TEST_F(PatchesTest, RefusesBadNamesBehindGoodHunks) {
    EXPECT_THAT(refusal(good + with_names("/dev/null", "b/../../victim")), HasSubstr("climbs out"));
}

TEST_F(PatchesTest, TakesChangedLinesThatLookLikeNamesForWhatTheyAre) {
    write_file(tree() / "src/file.c", "one\n-- /etc/x\nthree\n");
    apply_patch(
        {"x.patch",
         "--- a/src/file.c\n+++ b/src/file.c\n@@ -1,3 +1,3 @@\n one\n--- /etc/x\n+++ /etc/y\n three\n"},
        tree());
    EXPECT_EQ(read_file(tree() / "src/file.c"), "one\n++ /etc/y\nthree\n");
}

TEST_F(PatchesTest, RefusesFilesBehindLinksOfTheTree) {
    make_directories(work_.path() / "outside");
    fs::create_symlink("../outside", tree() / "link");
    EXPECT_THAT(refusal(with_names("/dev/null", "b/link/file")), HasSubstr("'link' is a symbolic link"));
    EXPECT_TRUE(fs::is_empty(work_.path() / "outside"));
}

TEST_F(PatchesTest, RefusesToMakeLinks) {
    EXPECT_THAT(
        refusal("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+..\n"),
        HasSubstr("symbolic link"));
}

TEST_F(PatchesTest, RunsNoEditorScripts) {
    EXPECT_NE(refusal("--- a/src/file.c\n+++ b/src/file.c\n1d\n!touch victim\n"), "");
    EXPECT_FALSE(fs::exists(tree() / "victim"));
}

TEST_F(PatchesTest, ListsPatchedFiles) {
    EXPECT_THAT(list_patched_files({"x.patch", good}), ElementsAre("src/file.c", "src/file.c"));
}

TEST_F(PatchesTest, NamesMissingPatch) {
    EXPECT_THROW(read_patches(work_.path(), {"missing.patch"}), UsageError);
}

}  // namespace
}  // namespace cairn::source
