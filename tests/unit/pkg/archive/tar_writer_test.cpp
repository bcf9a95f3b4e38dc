#include "pkg/archive/tar_writer.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::archive {
namespace {

std::string write(const std::vector<std::pair<FileEntry, std::string>>& files, std::uint64_t time = 1) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "tar";
    const Fd fd = open_file(path, O_WRONLY | O_CREAT);
    TarWriter tar(fd.get(), path.string(), time);
    for (const auto& [entry, content] : files) {
        tar.add(entry);
        const auto* data = reinterpret_cast<const std::uint8_t*>(content.data());
        // In two pieces, as contents come.
        tar.write({data, content.size() / 2});
        tar.write({data + content.size() / 2, content.size() - content.size() / 2});
    }
    tar.finish();
    return read_file(path);
}

/// Lists with GNU tar: what another program reads.
std::string list(const std::string& tar) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "t.tar", tar);
    return run_command_checked({.arguments = {"tar", "-tv", "--numeric-owner", "--full-time", "-v", "-f",
                                              (directory.path() / "t.tar").string()},
                                .environment = {"TZ=UTC", "LC_ALL=C.UTF-8"}});
}

const FileEntry file{.path = "usr/file", .mode = 0640, .uid = 3, .gid = 4, .size = 5};

TEST(TarWriter, IsPaddedEndedAndDeterministic) {
    const std::string tar = write({{file, "hello"}});
    EXPECT_EQ(tar.size(), 512U + 512U + 1024U);
    EXPECT_EQ(tar.substr(512, 5), "hello");
    EXPECT_EQ(tar, write({{file, "hello"}}));
    EXPECT_NE(tar, write({{file, "hello"}}, 2));
}

TEST(TarWriter, IsReadByOthers) {
    const std::string listing = write({
        {{.path = "usr", .kind = Kind::directory, .mode = 01755}, ""},
        {file, "hello"},
        {{.path = "usr/hard",
          .kind = Kind::hard_link,
          .mode = 0640,
          .uid = 3,
          .gid = 4,
          .target = "usr/file"},
         ""},
        {{.path = "usr/soft", .kind = Kind::symlink, .mode = 0777, .target = "file"}, ""},
    });
    EXPECT_EQ(list(listing),
              "drwxr-xr-t 0/0               0 1970-01-01 00:00:01 usr/\n"
              "-rw-r----- 3/4               5 1970-01-01 00:00:01 usr/file\n"
              "hrw-r----- 3/4               0 1970-01-01 00:00:01 usr/hard link to usr/file\n"
              "lrwxrwxrwx 0/0               0 1970-01-01 00:00:01 usr/soft -> file\n");
}

TEST(TarWriter, LongNamesLinksAndNumbersGoIntoPaxHeaders) {
    const std::string component(90, 'n');
    const std::string name = component + "/" + component;
    const std::string target(300, 't');
    const std::string listing = list(write({
        {{.path = name, .mode = 0644, .uid = 3'000'000'000, .gid = 9'000'000, .size = 1}, "x"},
        {{.path = "soft", .kind = Kind::symlink, .mode = 0777, .target = target}, ""},
        {{.path = std::string(100, 'd'), .kind = Kind::directory, .mode = 0755}, ""},
    }));
    EXPECT_TRUE(listing.contains(" " + name + "\n")) << listing;
    EXPECT_TRUE(listing.contains("3000000000/9000000")) << listing;
    EXPECT_TRUE(listing.contains("soft -> " + target + "\n")) << listing;
    EXPECT_TRUE(listing.contains(std::string(100, 'd') + "/\n")) << listing;
}

TEST(TarWriter, PaxRecordsCountTheirOwnLength) {
    // Around the lengths where the number gets a digit more.
    for (std::size_t length = 80; length < 110; ++length) {
        const std::string target(length + 20, 't');
        const std::string listing =
            list(write({{{.path = "s", .kind = Kind::symlink, .mode = 0777, .target = target}, ""}}));
        EXPECT_TRUE(listing.ends_with("s -> " + target + "\n")) << length;
    }
}

TEST(TarWriter, HoldsExtendedAttributesAsRawBytes) {
    FileEntry entry{.path = "ping", .mode = 0755};
    entry.xattrs = {{"security.capability", std::string("\1\0\0\2\n=", 6)}};
    const std::string tar = write({{entry, ""}});
    EXPECT_TRUE(tar.contains(std::string("43 SCHILY.xattr.security.capability=\1\0\0\2\n=\n", 43)));
}

TEST(TarWriter, WritesLargeFilesWhole) {
    const std::string content(700'000, 'c');
    const std::string tar =
        write({{{.path = "big", .mode = 0644, .size = content.size()}, content}, {file, "hello"}});
    EXPECT_EQ(tar.substr(512, content.size()), content);
    EXPECT_TRUE(list(tar).contains("usr/file"));
}

}  // namespace
}  // namespace cairn::archive
