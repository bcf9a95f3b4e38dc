#include "images/payload/image_json.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

Json make_image() {
    const std::string hash = crypto::hash_sha256("x").to_hex();
    return {{"format", 1},
            {"name", "base"},
            {"version", "1.2"},
            {"architecture", "aarch64"},
            {"date", "2026-11-20T00:00:00Z"},
            {"development_keys", true},
            {"version_floor", "1.0"},
            {"settings_format", 2},
            {"root_hash", hash},
            {"root_size", 4096},
            {"payload",
             {{"format", 1},
              {"tree_size", 0},
              {"frames_size", 30},
              {"frames_index_size", 30},
              {"frames_index_sha256", hash}}},
            {"boot_file", {{"name", "base_1.2.efi"}, {"size", 5000}, {"sha256", hash}}},
            {"packages", {{{"name", "musl"}, {"version", "1.2.5"}, {"size", 5}}}}};
}

ImageDescription parse(const Json& json) {
    return parse_image(parse_json(format_json(json), "image.json"), "image.json");
}

TEST(ImageJson, SaysWhatADeviceMustKnow) {
    const ImageDescription image = parse(make_image());
    EXPECT_EQ(image.name, "base");
    EXPECT_EQ(image.version, "1.2");
    EXPECT_EQ(image.architecture, layout::Architecture::aarch64);
    EXPECT_TRUE(image.has_development_keys);
    EXPECT_EQ(image.version_floor, "1.0");
    EXPECT_EQ(image.settings_format, 2U);
    EXPECT_EQ(image.boot_file, (BootFileDescription{"base_1.2.efi", 5000, crypto::hash_sha256("x")}));
    EXPECT_EQ(image.payload.data_blocks, 1U);
    EXPECT_EQ(image.packages, (std::vector<ImagePackage>{{"musl", "1.2.5"}}));
}

TEST(ImageJson, RefusesWhatIsMissing) {
    const Json whole = make_image();
    for (const auto& [key, value] : whole.items()) {
        if (key == "version_floor") continue;
        Json image = whole;
        image.erase(key);
        EXPECT_THROW(parse(image), VerifyError) << key;
    }
}

TEST(ImageJson, RefusesWhatCannotBe) {
    for (const auto& [pointer, value] :
         std::vector<std::pair<const char*, Json>>{{"/format", 2},
                                                   {"/name", "../base"},
                                                   {"/version", "v1"},
                                                   {"/version", "1.2+3-0"},
                                                   {"/architecture", "sparc"},
                                                   {"/development_keys", "yes"},
                                                   {"/version_floor", "/"},
                                                   {"/settings_format", -1},
                                                   {"/boot_file/name", "base_1.3.efi"},
                                                   {"/boot_file/name", "base_1.2+3-0.efi"},
                                                   {"/boot_file/size", 0},
                                                   {"/boot_file/size", std::uint64_t{1} << 40},
                                                   {"/boot_file/sha256", "abc"},
                                                   {"/packages", "none"},
                                                   {"/packages/0/name", 5}}) {
        Json image = make_image();
        image[Json::json_pointer(pointer)] = value;
        EXPECT_THROW(parse(image), VerifyError) << pointer << " " << value;
    }
}

}  // namespace
}  // namespace cairn::payload
