#include "pkg/source/debian_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::source {
namespace {

using testing::ElementsAre;

TEST(PoolPath, UsesFourLettersForLibraries) {
    EXPECT_EQ(pool_path({"zlib", "zlib_1.tar.gz", "main"}, "pool"), "pool/main/z/zlib/zlib_1.tar.gz");
    EXPECT_EQ(pool_path({"libsodium", "x.deb", "contrib"}, "pool/updates"),
              "pool/updates/contrib/libs/libsodium/x.deb");
}

TEST(ParseIndexTargets, TakesMirrorsOfDebianOnly) {
    const DebianMirrors mirrors = parse_index_targets(
        "Debian|bookworm|http://mirror.example/debian/\n"
        "Debian|bookworm-updates|http://mirror.example/debian/\n"
        "Debian|bookworm-security|https://sec.example/debian-security/\n"
        "Somebody|bookworm|http://other.example/\n"
        "Debian|trixie|file:/srv/mirror/\n");
    EXPECT_THAT(mirrors.main, ElementsAre("http://mirror.example/debian"));
    EXPECT_THAT(mirrors.security, ElementsAre("https://sec.example/debian-security"));
}

TEST(ParseIndexTargets, ReadsListsOfMirrors) {
    const TemporaryDirectory work;
    const std::string list = (work.path() / "debian.list").string();
    write_file(list, "https://one.example/debian\nhttp://two.example/debian priority:2\n\n");
    const DebianMirrors mirrors = parse_index_targets("Debian|bookworm|mirror+file:" + list + "/\n");
    EXPECT_THAT(mirrors.main, ElementsAre("https://one.example/debian", "http://two.example/debian"));
}

TEST(ParseUpdateUris, FindsMirrorsWithoutPackageLists) {
    const DebianMirrors mirrors = parse_update_uris(
        "'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_InRelease 0 \n"
        "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0 \n"
        "'http://mirror.example/sec/dists/bookworm-security/InRelease' x 0 \n"
        "'https://other.example/apt/dists/nodistro/InRelease' x 0 \n"
        "rubbish\n");
    EXPECT_THAT(mirrors.main, ElementsAre("http://mirror.example/debian"));
    EXPECT_THAT(mirrors.security, ElementsAre("http://mirror.example/sec"));
}

TEST(ParseMirrorSetting, FindsSecurityArchiveBesideTheOther) {
    const DebianMirrors one = parse_mirror_setting("http://mirror.example/debian/");
    EXPECT_THAT(one.main, ElementsAre("http://mirror.example/debian"));
    EXPECT_THAT(one.security, ElementsAre("http://mirror.example/debian-security"));
    const DebianMirrors two = parse_mirror_setting("http://a.example/d http://b.example/x-security");
    EXPECT_THAT(two.main, ElementsAre("http://a.example/d"));
    EXPECT_THAT(two.security, ElementsAre("http://b.example/x-security"));
    EXPECT_THROW(parse_mirror_setting("/srv/debian"), UsageError);
}

}  // namespace
}  // namespace cairn::source
