#include "pkg/archive/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::archive {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct Entry {
    std::string path;
    std::string content = {};
    unsigned type = AE_IFREG;
    std::string link = {};       // symbolic link
    std::string hard_link = {};  // hard link
    mode_t mode = 0644;
};

using Configure = std::function<void(struct ::archive*)>;

void pax(struct ::archive* writer) {
    archive_write_set_format_pax_restricted(writer);
}
void pax_xz(struct ::archive* writer) {
    pax(writer);
    archive_write_add_filter_xz(writer);
    archive_write_set_filter_option(writer, "xz", "compression-level", "1");
}
void pax_gzip(struct ::archive* writer) {
    pax(writer);
    archive_write_add_filter_gzip(writer);
}
void zip(struct ::archive* writer) {
    archive_write_set_format_zip(writer);
}

void write_archive(const fs::path& path, const std::vector<Entry>& entries,
                   const Configure& configure = pax) {
    struct ::archive* writer = archive_write_new();
    configure(writer);
    ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
    for (const Entry& given : entries) {
        struct archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, given.path.c_str());
        archive_entry_set_filetype(entry, given.type);
        archive_entry_set_perm(entry, given.mode);
        archive_entry_set_mtime(entry, 1'700'000'000, 5);
        if (given.type == AE_IFREG && given.hard_link.empty())
            archive_entry_set_size(entry, static_cast<la_int64_t>(given.content.size()));
        if (!given.link.empty()) archive_entry_set_symlink(entry, given.link.c_str());
        if (!given.hard_link.empty()) archive_entry_set_hardlink(entry, given.hard_link.c_str());
        ASSERT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
        if (!given.content.empty()) archive_write_data(writer, given.content.data(), given.content.size());
        archive_entry_free(entry);
    }
    ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
}

class UnpackTest : public testing::Test {
  protected:
    UnpackTest() { make_directories(tree()); }

    fs::path tree() const { return work_.path() / "tree"; }
    fs::path file() const { return work_.path() / "archive"; }

    UnpackSummary unpack(const std::vector<Entry>& entries, const UnpackOptions& options = {},
                         const Configure& configure = pax) {
        write_archive(file(), entries, configure);
        return unpack_archive(file(), Dir::open(tree()), options);
    }

    /// The message, or "" when it was not refused.
    std::string refusal(const std::vector<Entry>& entries, const UnpackOptions& options = {}) {
        try {
            unpack(entries, options);
        } catch (const VerifyError& error) {
            return error.message();
        }
        return "";
    }

    std::vector<std::string> names() const {
        std::vector<std::string> result;
        for (const auto& entry : fs::recursive_directory_iterator(tree()))
            result.push_back(entry.path().lexically_relative(tree()).string());
        std::ranges::sort(result);
        return result;
    }

    struct stat status(const std::string& path) const {
        struct stat result{};
        EXPECT_EQ(::lstat((tree() / path).c_str(), &result), 0) << path;
        return result;
    }

    TemporaryDirectory work_;
};

TEST_F(UnpackTest, WritesFilesDirectoriesAndLinks) {
    const UnpackSummary summary = unpack({{.path = "top/", .type = AE_IFDIR},
                                          {.path = "top/file", .content = "content"},
                                          {.path = "top/deep/er/file", .content = "deeper"},
                                          {.path = "top/link", .type = AE_IFLNK, .link = "deep/er/file"},
                                          {.path = "top/hard", .hard_link = "top/file"}});
    EXPECT_THAT(names(), ElementsAre("top", "top/deep", "top/deep/er", "top/deep/er/file", "top/file",
                                     "top/hard", "top/link"));
    EXPECT_EQ(read_file(tree() / "top/hard"), "content");
    EXPECT_EQ(read_file(tree() / "top/link"), "deeper");
    EXPECT_EQ(status("top/hard").st_ino, status("top/file").st_ino);
    EXPECT_EQ(summary.files, 4u);
    EXPECT_EQ(summary.bytes, 13u);
}

TEST_F(UnpackTest, ReducesModesAndFixesTimes) {
    const mode_t umask_before = ::umask(0077);
    unpack({{.path = "dir/", .type = AE_IFDIR, .mode = 01777},
            {.path = "dir/setuid", .mode = 04755},
            {.path = "dir/secret", .mode = 0600},
            {.path = "dir/link", .type = AE_IFLNK, .link = "secret"}});
    ::umask(umask_before);
    EXPECT_EQ(status("dir").st_mode & 07777, 0755u);
    EXPECT_EQ(status("dir/setuid").st_mode & 07777, 0755u);
    EXPECT_EQ(status("dir/secret").st_mode & 07777, 0644u);
    for (const char* path : {"dir", "dir/setuid", "dir/secret", "dir/link"}) {
        EXPECT_EQ(status(path).st_mtim.tv_sec, fixed_time) << path;
        EXPECT_EQ(status(path).st_mtim.tv_nsec, 0) << path;
    }
}

TEST_F(UnpackTest, DropsLeadingDirectories) {
    unpack({{.path = "./top-1.0/", .type = AE_IFDIR},
            {.path = "./top-1.0/src/a", .content = "a"},
            {.path = "./loose", .content = "x"},
            {.path = "./top-1.0/b", .hard_link = "./top-1.0/src/a"}},
           {.strip = 1});
    EXPECT_THAT(names(), ElementsAre("b", "src", "src/a"));
}

TEST_F(UnpackTest, TakesOnlyWhatIsAskedFor) {
    unpack({{.path = "lib/a.c", .content = "1"},
            {.path = "lib/test/b.c", .content = "2"},
            {.path = "doc/c", .content = "3"},
            {.path = "cmake/x/y", .content = "4"}},
           {.only = {"lib/**", "cmake"}, .exclude = {"lib/test"}});
    EXPECT_THAT(names(), ElementsAre("cmake", "cmake/x", "cmake/x/y", "lib", "lib/a.c"));
}

TEST_F(UnpackTest, KeepsNamesThatAreNotAscii) {
    const auto gnu = [](struct ::archive* writer) { archive_write_set_format_gnutar(writer); };
    unpack({{.path = "utf-\xC3\xBC", .content = "1"}, {.path = "latin-\xFC", .content = "2"}}, {}, gnu);
    EXPECT_THAT(names(), ElementsAre("latin-\xFC", "utf-\xC3\xBC"));
}

TEST_F(UnpackTest, KeepsNamesOfPaxHeadersThatAreNotAscii) {
    make_directories(work_.path() / "in");
    write_file(work_.path() / "in" / "\xC3\xBC", "1");
    run_command_checked(
        {.arguments = {"tar", "--format=pax", "-cf", file().string(), "-C", (work_.path() / "in").string(),
                       "--transform=s,$," + std::string(120, 'x') + ",", "\xC3\xBC"},
         .environment = {"LC_ALL=C.UTF-8"}});
    unpack_archive(file(), Dir::open(tree()));
    EXPECT_THAT(names(), ElementsAre("\xC3\xBC" + std::string(120, 'x')));
}

TEST_F(UnpackTest, ReadsCompressedArchivesAndZip) {
    std::string large;
    for (unsigned i = 0, state = 1; i < 1'200'000; ++i)
        large += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    for (const Configure& configure : {Configure(pax_xz), Configure(pax_gzip), Configure(zip)}) {
        remove_tree(tree());
        make_directories(tree());
        unpack({{.path = "large", .content = large}, {.path = "small", .content = "s"}}, {}, configure);
        EXPECT_EQ(read_file(tree() / "large"), large);
        EXPECT_EQ(read_file(tree() / "small"), "s");
    }
}

TEST_F(UnpackTest, GivesDataTreeOfDebianPackage) {
    write_archive(work_.path() / "control.tar", {{.path = "./control", .content = "Package: x"}});
    write_archive(work_.path() / "data.tar.xz", {{.path = "./usr/src/x.tar", .content = "inner"}}, pax_xz);
    write_archive(file(),
                  {{.path = "debian-binary", .content = "2.0\n"},
                   {.path = "control.tar", .content = read_file(work_.path() / "control.tar")},
                   {.path = "data.tar.xz", .content = read_file(work_.path() / "data.tar.xz")}},
                  [](struct ::archive* writer) { archive_write_set_format_ar_svr4(writer); });
    unpack_archive(file(), Dir::open(tree()));
    EXPECT_THAT(names(), ElementsAre("usr", "usr/src", "usr/src/x.tar"));
}

TEST_F(UnpackTest, RefusesAbsolutePaths) {
    EXPECT_THAT(refusal({{.path = "/etc/passwd", .content = "x"}}),
                HasSubstr("'/etc/passwd': its path is absolute"));
}

TEST_F(UnpackTest, RefusesToClimbOut) {
    EXPECT_THAT(refusal({{.path = "../outside", .content = "x"}}), HasSubstr("climbs out"));
    EXPECT_THAT(refusal({{.path = "a/../../outside", .content = "x"}}), HasSubstr("climbs out"));
    EXPECT_THAT(refusal({{.path = "../tree/inside", .content = "x"}}, {.strip = 2}), HasSubstr("climbs out"))
        << "also in what is dropped";
    EXPECT_FALSE(fs::exists(work_.path() / "outside"));
}

TEST_F(UnpackTest, RefusesPathsThroughLinks) {
    make_directories(work_.path() / "outside");
    for (const std::string& target :
         {std::string("../outside"), (work_.path() / "outside").string(), std::string(".")}) {
        remove_tree(tree());
        make_directories(tree());
        EXPECT_THAT(refusal({{.path = "link", .type = AE_IFLNK, .link = target},
                             {.path = "link/file", .content = "x"}}),
                    HasSubstr("a link or file of the archive is in its way"))
            << target;
    }
    EXPECT_TRUE(fs::is_empty(work_.path() / "outside"));
}

TEST_F(UnpackTest, RefusesToWriteThroughLinkOfSameName) {
    write_file(work_.path() / "victim", "old");
    EXPECT_THAT(refusal({{.path = "file", .type = AE_IFLNK, .link = "../victim"},
                         {.path = "file", .content = "new"}}),
                HasSubstr("is there twice"));
    EXPECT_EQ(read_file(work_.path() / "victim"), "old");
}

TEST_F(UnpackTest, RefusesToMakeDirectoryInPlaceOfLink) {
    make_directories(work_.path() / "outside");
    EXPECT_THAT(refusal({{.path = "dir", .type = AE_IFLNK, .link = "../outside"},
                         {.path = "dir/", .type = AE_IFDIR}}),
                HasSubstr("is in its way"));
}

TEST_F(UnpackTest, RefusesLinkInPlaceOfDirectory) {
    EXPECT_NE(refusal({{.path = "dir/", .type = AE_IFDIR},
                       {.path = "dir/a", .content = "1"},
                       {.path = "dir", .type = AE_IFLNK, .link = ".."},
                       {.path = "dir/b", .content = "2"}}),
              "");
}

TEST_F(UnpackTest, RefusesHardLinksToWhatIsNotInTheArchive) {
    write_file(work_.path() / "victim", "old");
    EXPECT_NE(refusal({{.path = "a", .hard_link = "../victim"}}), "");
    EXPECT_NE(refusal({{.path = "b", .hard_link = "/etc/passwd"}}), "");
    EXPECT_THAT(refusal({{.path = "c", .hard_link = "later"}, {.path = "later", .content = "x"}}),
                HasSubstr("which is no file before it"));
    EXPECT_NE(
        refusal({{.path = "d", .type = AE_IFLNK, .link = ".."}, {.path = "e", .hard_link = "d/victim"}}), "");
    EXPECT_EQ(status("../victim").st_nlink, 1u);
}

TEST_F(UnpackTest, RefusesDevicesAndFifos) {
    for (const unsigned type : {AE_IFCHR, AE_IFBLK, AE_IFIFO})
        EXPECT_THAT(refusal({{.path = "node", .type = type}}), HasSubstr("device, fifo or socket"));
}

TEST_F(UnpackTest, RefusesOnePathTwice) {
    EXPECT_THAT(refusal({{.path = "a", .content = "1"}, {.path = "./a", .content = "2"}}),
                HasSubstr("is there twice"));
}

TEST_F(UnpackTest, RefusesOverlongPaths) {
    EXPECT_THAT(refusal({{.path = std::string(300, 'x'), .content = "1"}}), HasSubstr("too long"));
}

TEST_F(UnpackTest, RefusesCpioForItsNamesOfAnyLength) {
    write_archive(file(), {{.path = "a", .content = "1"}}, archive_write_set_format_cpio_newc);
    EXPECT_THROW(unpack_archive(file(), Dir::open(tree())), VerifyError);
}

TEST_F(UnpackTest, RefusesDecompressionBomb) {
    const std::vector<Entry> bomb{{.path = "zeros", .content = std::string(20'000'000, '\0')}};
    write_archive(file(), bomb, pax_xz);
    ASSERT_LT(fs::file_size(file()), 20'000u);
    const UnpackOptions strict{.limits = {.always_allowed = 1'000'000, .ratio = 100}};
    EXPECT_THROW(unpack_archive(file(), Dir::open(tree()), strict), VerifyError);
    UnpackOptions skipping = strict;
    skipping.only = {"nothing"};
    EXPECT_THROW(unpack_archive(file(), Dir::open(tree()), skipping), VerifyError)
        << "what is passed over counts too";
    remove_tree(tree());
    make_directories(tree());
    EXPECT_EQ(unpack_archive(file(), Dir::open(tree())).bytes, 20'000'000u);
}

TEST_F(UnpackTest, RefusesMoreThanTotalAndEntryLimits) {
    EXPECT_THAT(refusal({{.path = "a", .content = "12345"}, {.path = "b", .content = "12345"}},
                        {.limits = {.total_bytes = 9}}),
                HasSubstr("decompression bomb"));
    EXPECT_THAT(refusal({{.path = "c"}, {.path = "d"}, {.path = "e"}}, {.limits = {.entries = 2}}),
                HasSubstr("more entries"));
}

TEST_F(UnpackTest, RefusesEveryTruncation) {
    write_archive(file(), {{.path = "a", .content = std::string(1000, 'a')}, {.path = "b", .content = "b"}},
                  pax_gzip);
    const std::string whole = read_file(file());
    for (std::size_t size = 1; size < whole.size(); ++size) {
        write_file(file(), whole.substr(0, size));
        remove_tree(tree());
        make_directories(tree());
        EXPECT_THROW(unpack_archive(file(), Dir::open(tree())), VerifyError) << size;
    }
}

TEST_F(UnpackTest, RefusesDamagedXz) {
    std::string content;
    for (unsigned i = 0, state = 1; i < 1'200'000; ++i)
        content += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    write_archive(file(), {{.path = "a", .content = content}}, pax_xz);
    const std::string whole = read_file(file());
    ASSERT_GT(whole.size(), std::size_t{1} << 20) << "taken apart by the program xz";
    for (const std::size_t at : {std::size_t{700'000}, whole.size() - 10}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        write_file(file(), damaged);
        remove_tree(tree());
        make_directories(tree());
        EXPECT_THROW(unpack_archive(file(), Dir::open(tree())), VerifyError) << at;
    }
    write_file(file(), whole.substr(0, whole.size() - 100));
    remove_tree(tree());
    make_directories(tree());
    EXPECT_THROW(unpack_archive(file(), Dir::open(tree())), VerifyError);
}

TEST_F(UnpackTest, RefusesWhatIsNoArchive) {
    write_file(file(), "just some words, long enough to be looked at by every format there is; no archive");
    EXPECT_THROW(unpack_archive(file(), Dir::open(tree())), VerifyError);
}

TEST_F(UnpackTest, ReadsCompressedText) {
    const std::string text(5'000'000, 'x');
    write_file(work_.path() / "plain", text);
    run_command_checked({.arguments = {"xz", "-k", (work_.path() / "plain").string()}});
    EXPECT_EQ(read_compressed_file(work_.path() / "plain.xz", 10'000'000), text);
    EXPECT_EQ(read_compressed_file(work_.path() / "plain", 10'000'000), text);
    EXPECT_THROW(read_compressed_file(work_.path() / "plain.xz", 4'999'999), VerifyError);
    write_file(work_.path() / "empty", "");
    EXPECT_EQ(read_compressed_file(work_.path() / "empty", 10), "");
}

TEST(IsSelectedBy, TakesWhatIsBelowANamedDirectory) {
    EXPECT_TRUE(is_selected_by({"a/b"}, "a/b/c/d"));
    EXPECT_TRUE(is_selected_by({"a/*"}, "a/b/c"));
    EXPECT_FALSE(is_selected_by({"a/b"}, "a/bc"));
    EXPECT_FALSE(is_selected_by({}, "a"));
}

}  // namespace
}  // namespace cairn::archive
