#include "pkg/base/json.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn {
namespace {

TEST(Json, RefusesDuplicateKeys) {
    EXPECT_THROW(parse_json(R"({"a":1,"a":2})", "x"), VerifyError);
    EXPECT_EQ(parse_json(R"([{"a":1},{"a":2}])", "x").size(), 2u);
}

TEST(Json, RefusesDeepNesting) {
    EXPECT_THROW(parse_json(std::string(65, '[') + std::string(65, ']'), "x"), VerifyError);
    EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']'), "x"));
}

TEST(Json, RefusesBytesAfterTheValue) {
    EXPECT_THROW(parse_json("{} x", "x"), VerifyError);
}

TEST(Json, RefusesTruncatedText) {
    const std::string text = R"({"a":[1,2,{"b":"c"}]})";
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_THROW(parse_json(text.substr(0, length), "x"), VerifyError) << length;
}

TEST(Json, WhatIsSaidOfBytesThatAreNotUtf8IsUtf8) {
    for (const char* text : {"\xfe", "{\"a\": \"\xc3\"}", "\xff\xfe{}"}) {
        try {
            parse_json(text, "x");
            ADD_FAILURE() << "taken";
        } catch (const VerifyError& error) {
            EXPECT_NO_THROW(Json(error.report()).dump()) << error.report();
        }
    }
    EXPECT_EQ(format_json("a\xfe"), "\"a\xef\xbf\xbd\"\n");
}

}  // namespace
}  // namespace cairn
