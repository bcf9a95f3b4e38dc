#include "images/assemble/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/json.h"
#include "tests/unit/images/assemble/made_up_tree.h"

namespace cairn::assemble {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const ImageDefinition definition = make_small_definition(layout::Architecture::aarch64);

TEST(OsRelease, LoaderOrdersByImageIdAndVersion) {
    const std::string text = make_os_release(definition, KeyKind::production);
    EXPECT_THAT(text, HasSubstr("\nIMAGE_ID=\"tiny\"\nIMAGE_VERSION=\"1.0\"\n"));
    EXPECT_THAT(text, HasSubstr("PRETTY_NAME=\"Cairn tiny 1.0\"\n"));
    EXPECT_THAT(text, Not(HasSubstr("development")));
}

TEST(OsRelease, DevelopmentKeysAreSaid) {
    EXPECT_THAT(make_os_release(definition, KeyKind::development),
                HasSubstr("Cairn tiny 1.0 (development keys)"));
    EXPECT_TRUE(parse_json(make_release(definition, KeyKind::development), "release").at("development_keys"));
}

TEST(Release, SaysWhatThisIs) {
    const Json release = parse_json(make_release(definition, KeyKind::production), "release");
    EXPECT_EQ(release.at("name"), "tiny");
    EXPECT_EQ(release.at("version"), "1.0");
    EXPECT_EQ(release.at("architecture"), "aarch64");
    EXPECT_EQ(release.at("build_time"), "2026-11-20T00:00:00Z");
    EXPECT_EQ(release.at("settings_format"), 1);
    EXPECT_EQ(release.at("development_keys"), false);
}

TEST(SettingsDefaults, AreTheDefinitionsWithItsRepositoryAmongThem) {
    ImageDefinition with = definition;
    EXPECT_EQ(parse_json(make_settings_defaults(with), "defaults"), Json::object());
    with.update_repository = "https://example.org/repo";
    with.settings = {{"time", {{"zone", "Europe/Berlin"}}}};
    const Json expected = {{"time", {{"zone", "Europe/Berlin"}}},
                           {"updates", {{"repository", "https://example.org/repo"}}}};
    EXPECT_EQ(parse_json(make_settings_defaults(with), "defaults"), expected);
}

TEST(Sbom, NamesEveryPackageWithLicenceAndSource) {
    const auto packages = TreeBuilder().package("busybox", 1).package("libstdc++", 1).tree().packages;
    const Json sbom = parse_json(make_sbom(definition, packages), "sbom");
    EXPECT_EQ(sbom.at("spdxVersion"), "SPDX-2.3");
    ASSERT_EQ(sbom.at("packages").size(), 3u);
    const Json& busybox = sbom.at("packages")[1];
    EXPECT_EQ(busybox.at("name"), "busybox");
    EXPECT_EQ(busybox.at("versionInfo"), "1.0");
    EXPECT_EQ(busybox.at("licenseDeclared"), "MIT");
    EXPECT_THAT(busybox.at("sourceInfo").get<std::string>(),
                HasSubstr("busybox.tar.xz (sha256:" + crypto::hash_sha256("busybox").to_hex()));
    EXPECT_EQ(sbom.at("packages")[2].at("SPDXID"), "SPDXRef-Package-libstdc.plus.plus");
    EXPECT_EQ(sbom.at("relationships").size(), 3u);
}

TEST(Manifest, NamesRootHashPackagesAndFiles) {
    auto packages = TreeBuilder().package("busybox", 1).tree().packages;
    packages[0].size = 4711;
    const crypto::Hash root_hash = crypto::hash_sha256("root");
    const Json manifest =
        parse_json(make_manifest(definition, packages, KeyKind::production,
                                 {.root_hash = root_hash, .files = {{"disk.img", crypto::hash_sha256("d")}}}),
                   "manifest");
    EXPECT_EQ(manifest.at("root_hash"), root_hash.to_hex());
    EXPECT_EQ(manifest.at("packages")[0].at("id"), crypto::hash_blake2b("busybox").to_hex());
    EXPECT_EQ(manifest.at("packages")[0].at("size"), 4711);
    EXPECT_EQ(manifest.at("files").at("disk.img"), crypto::hash_sha256("d").to_hex());
}

}  // namespace
}  // namespace cairn::assemble
