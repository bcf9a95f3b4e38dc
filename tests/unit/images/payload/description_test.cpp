#include "images/payload/description.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

Payload make_description() {
    return {.root_hash = crypto::hash_sha256("root"),
            .data_blocks = 300,
            .tree_size = 4 * 4096,
            .frames_size = 700'000,
            .frames_index_size = 24 + 40 * 6,
            .frames_index = crypto::hash_sha256("index")};
}

Json make_image() {
    return {{"root_hash", crypto::hash_sha256("root").to_hex()},
            {"root_size", 300 * 4096U},
            {"payload", to_json(make_description())}};
}

TEST(PayloadDescription, ComesBackAsItWasWritten) {
    const Json image = parse_json(format_json(make_image()), "image.json");
    EXPECT_EQ(parse_payload(image, "image.json"), make_description());
}

TEST(PayloadDescription, RefusesWhatIsMissing) {
    for (const char* key : {"root_hash", "root_size", "payload"}) {
        Json image = make_image();
        image.erase(key);
        EXPECT_THROW(parse_payload(image, "image.json"), VerifyError) << key;
    }
    for (const char* key :
         {"format", "tree_size", "frames_size", "frames_index_size", "frames_index_sha256"}) {
        Json image = make_image();
        image["payload"].erase(key);
        EXPECT_THROW(parse_payload(image, "image.json"), VerifyError) << key;
    }
    EXPECT_THROW(parse_payload(Json::array(), "image.json"), VerifyError);
}

TEST(PayloadDescription, RefusesWhatCannotBe) {
    for (const Json& size : {Json(0U), Json(4097U), Json(-4096), Json("4096"), Json(std::uint64_t{1} << 60),
                             Json(301U * 128 * 4096)}) {
        Json image = make_image();
        image["root_size"] = size;
        EXPECT_THROW(parse_payload(image, "image.json"), VerifyError) << size;
    }
    for (const auto& [key, value] :
         std::vector<std::pair<const char*, Json>>{{"format", 2},
                                                   {"tree_size", 5 * 4096U},
                                                   {"frames_size", -1},
                                                   {"frames_index_size", 24 + 301 * 6U},
                                                   {"frames_index_sha256", "abc"},
                                                   {"frames_index_sha256", 5U}}) {
        Json image = make_image();
        image["payload"][key] = value;
        EXPECT_THROW(parse_payload(image, "image.json"), VerifyError) << key << " " << value;
    }
}

}  // namespace
}  // namespace cairn::payload
