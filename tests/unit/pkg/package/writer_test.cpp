#include "pkg/package/writer.h"

#include <format>
#include <gtest/gtest.h>
#include <set>

#include "pkg/base/error.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/package/reader.h"
#include "tests/support/package_builder.h"

namespace cairn::package {
namespace {

using testing::fixed_key;
using testing::PackageBuilder;

const std::filesystem::path test_keys = std::filesystem::path(CAIRN_SOURCE_DIR) / "tests/data/keys";

/// Bytes that neither compress nor repeat.
std::string noise(std::size_t size, std::uint64_t state) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<char>(state >> 56);
    }
    return bytes;
}

/// Small and large files in turn, so that chunks hold several files and files several chunks.
PackageBuilder& fill(PackageBuilder& builder) {
    for (int i = 0; i < 60; ++i)
        builder.file(std::format("usr/share/small/{}", i), noise(700, i) + std::string(2000, 'z'));
    builder.file("usr/bin/large", noise(900'000, 1), 0755);
    builder.file("usr/bin/text", std::string(500'000, 't'), 0755);
    builder.file("usr/share/large", noise(70'000, 3));
    builder.file("usr/share/empty", "");
    builder.symlink("usr/lib/link", "../share/empty");
    builder.hard_link("usr/share/small/same", "usr/share/small/5");
    builder.directory("var/empty");
    return builder;
}

TEST(MakePackage, RoundTrip) {
    PackageBuilder builder("tool");
    fill(builder);
    const archive::FileTree tree = builder.tree();
    const PackageReader package = builder.open(tree);
    EXPECT_EQ(package.identity(), builder.identity);
    EXPECT_EQ(package.files(), tree);
    ContentReader content(package);
    for (const archive::FileEntry& entry : package.files().entries)
        if (entry.kind == archive::Kind::file || entry.kind == archive::Kind::hard_link)
            EXPECT_EQ(content.read_whole(entry), read_file(builder.stage() / entry.path)) << entry.path;
    EXPECT_NO_THROW(verify_content(package, Depth::full));
}

/// Several threads ask for more after the last byte was cut.
TEST(MakePackage, EmptyFilesMayBeTheLastOnes) {
    PackageBuilder builder("tool");
    builder.file("a", noise(70'000, 1)).file("b", "").file("c", "");
    const PackageReader package = builder.open();
    ContentReader content(package);
    EXPECT_EQ(content.read_whole(*package.files().find("a")), noise(70'000, 1));
    EXPECT_EQ(content.read_whole(*package.files().find("c")), "");
}

TEST(MakePackage, SameTreeSameBytes) {
    PackageBuilder one("tool");
    PackageBuilder other("tool");
    fill(one);
    fill(other);
    one.open();
    const std::string first = read_file(one.output());
    for (int i = 0; i < 5; ++i) {  // threads may overtake each other in any way
        other.open();
        EXPECT_EQ(first, read_file(other.output()));
    }
}

TEST(MakePackage, ReportsWhatItMade) {
    PackageBuilder builder("tool");
    fill(builder);
    crypto::SecretKey key = fixed_key();
    const PackedPackage made =
        make_package(builder.stage(), builder.tree(), builder.identity, key, builder.output());
    EXPECT_EQ(made.file_size, std::filesystem::file_size(builder.output()));
    EXPECT_EQ(made.content_size, builder.tree().content_size());
    const PackageReader package = open_package(builder.output(), AllowedKeys({key.public_key()}));
    EXPECT_EQ(made.id, package.id());
    EXPECT_EQ(package.signer(), key.public_key());
    EXPECT_LT(made.file_size, made.content_size);
}

TEST(MakePackage, ChunksAreCutByContentAndAtLargeFiles) {
    PackageBuilder one("tool");
    PackageBuilder other("tool");
    fill(one);
    fill(other);
    other.file("usr/share/small/0", "changed");
    const PackageReader before = one.open();
    const PackageReader after = other.open();
    std::set<crypto::Hash> known;
    for (const Chunk& chunk : before.chunks()) known.insert(chunk.id);
    std::size_t changed = 0;
    for (const Chunk& chunk : after.chunks()) changed += known.contains(chunk.id) ? 0 : 1;
    EXPECT_GE(changed, 1U);
    EXPECT_LE(changed, 3U);
    EXPECT_GT(after.chunks().size(), 10U);
}

TEST(MakePackage, MovesEtcToTheFactoryDefaults) {
    PackageBuilder builder("conf");
    builder.file("etc/app/app.conf", "x=1").file("etc/link-me", "same").symlink("etc/soft", "app/app.conf");
    builder.hard_link("etc/linked", "etc/link-me");
    const PackageReader package = builder.open();
    EXPECT_EQ(package.files().find("etc"), nullptr);
    EXPECT_EQ(package.files().find("usr/share/factory")->kind, archive::Kind::directory);
    const auto* conf = package.files().find("usr/share/factory/etc/app/app.conf");
    ASSERT_NE(conf, nullptr);
    EXPECT_EQ(ContentReader(package).read_whole(*conf), "x=1");
    EXPECT_EQ(package.files().find("usr/share/factory/etc/soft")->target, "app/app.conf");
    EXPECT_EQ(package.files().find("usr/share/factory/etc/linked")->target, "usr/share/factory/etc/link-me");
}

TEST(MakePackage, RefusesTwoFilesForOnePlaceInTheFactoryDefaults) {
    PackageBuilder builder("conf");
    builder.file("etc/app.conf", "x=1").file("usr/share/factory/etc/app.conf", "x=2");
    EXPECT_THROW(builder.open(), Error);
    PackageBuilder fine("conf");
    fine.file("etc/app.conf", "x=1").file("usr/share/factory/etc/other.conf", "x=2");
    EXPECT_EQ(fine.open().files().entries.size(), 6U);
}

TEST(MakePackage, SignsKernelModules) {
    crypto::KeyDirectory keys = crypto::KeyDirectory::open(test_keys);
    const auto signer = keys.rsa_signer(crypto::Role::module);
    const crypto::Certificate certificate = keys.certificate(crypto::Role::module);
    PackageBuilder builder("drivers");
    const std::string small = "module";
    const std::string large = noise(300'000, 9);
    builder.file("usr/lib/modules/6/a.ko", small).file("usr/lib/modules/6/b.ko", large);
    builder.file("usr/lib/modules/6/modules.dep", "a.ko:");
    const PackageReader package = builder.open({.module_signer = ModuleSigner{*signer, certificate}});
    ContentReader content(package);
    for (const auto& [name, module] : {std::pair{"a.ko", small}, std::pair{"b.ko", large}}) {
        const auto signature = crypto::make_module_signature(
            {reinterpret_cast<const std::uint8_t*>(module.data()), module.size()}, *signer, certificate);
        const auto* entry = package.files().find(std::string("usr/lib/modules/6/") + name);
        EXPECT_EQ(content.read_whole(*entry), module + std::string(signature.begin(), signature.end()));
    }
    EXPECT_EQ(content.read_whole(*package.files().find("usr/lib/modules/6/modules.dep")), "a.ko:");
    EXPECT_NO_THROW(verify_content(package, Depth::full));
}

TEST(MakePackage, KeepsOwnersModesAndAttributesOfTheTree) {
    PackageBuilder builder("ping");
    builder.file("usr/bin/ping", "elf", 0755);
    archive::FileTree tree = builder.tree();
    archive::FileEntry& ping = *tree.find("usr/bin/ping");
    ping.uid = 7;
    ping.gid = 4'000'000'000;
    ping.mode = 0710;
    ping.xattrs = {{"security.capability", std::string("\1\0\0\2", 4)}};
    EXPECT_EQ(builder.open(tree).files(), tree);
}

TEST(MakePackage, RefusesFilesThatChangedAndLeavesNoPackage) {
    PackageBuilder builder("tool");
    builder.file("usr/a", "aaaa");
    const archive::FileTree tree = builder.tree();
    for (const char* content : {"aaa", "aaaaa"}) {
        builder.file("usr/a", content);
        EXPECT_THROW(builder.open(tree), Error);
        EXPECT_FALSE(std::filesystem::exists(builder.output()));
    }
    std::filesystem::remove(builder.stage() / "usr/a");
    EXPECT_THROW(builder.open(tree), Error);
}

TEST(MakePackage, RefusesBadIdentities) {
    const auto expect_refused = [](auto spoil) {
        PackageBuilder builder("tool");
        spoil(builder.identity);
        crypto::SecretKey key = fixed_key();
        const TemporaryDirectory directory;
        EXPECT_THROW(
            make_package(builder.stage(), builder.tree(), builder.identity, key, directory.path() / "x.cpkg"),
            VerifyError);
        EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    };
    expect_refused([](Identity& i) { i.name = "Tool"; });
    expect_refused([](Identity& i) { i.name = "-tool"; });
    expect_refused([](Identity& i) { i.name = ""; });
    expect_refused([](Identity& i) { i.version = "1/2"; });
    expect_refused([](Identity& i) { i.version = ""; });
    expect_refused([](Identity& i) { i.architecture = "vax"; });
    expect_refused([](Identity& i) { i.summary = "two\nlines"; });
    expect_refused([](Identity& i) { i.license = "\xff"; });
    expect_refused([](Identity& i) { i.depends = {"b", "a"}; });
    expect_refused([](Identity& i) { i.depends = {"a", "a"}; });
    expect_refused([](Identity& i) { i.provides = {"so:"}; });
    expect_refused([](Identity& i) { i.recipe = "../x"; });
}

}  // namespace
}  // namespace cairn::package
