#include "pkg/package/relation.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::package {
namespace {

TEST(Relation, ParsesNamesAndVersions) {
    using enum Relation::Operator;
    EXPECT_EQ(parse_relation("zlib"), (Relation{"zlib", any, ""}));
    EXPECT_EQ(parse_relation("so:libstdc++.so.6"), (Relation{"so:libstdc++.so.6", any, ""}));
    EXPECT_EQ(parse_relation("zlib >= 1.2"), (Relation{"zlib", greater_or_equal, "1.2"}));
    EXPECT_EQ(parse_relation("zlib = 1.2"), (Relation{"zlib", equal, "1.2"}));
    for (const char* bad : {"", " ", "Zlib", "zlib ", "zlib >=", "zlib >= ", "zlib  >= 1", "zlib 1.2",
                            "zlib => 1", "zlib >= 1 2", "so:", "so:a/b", "so:a b"})
        EXPECT_THROW(parse_relation(bad), VerifyError) << bad;
}

TEST(Relation, IsFulfilledByNameAndVersion) {
    const auto holds = [](const char* relation, const char* version) {
        return is_fulfilled(parse_relation(relation), "zlib", version);
    };
    EXPECT_TRUE(holds("zlib", "1.0"));
    EXPECT_FALSE(holds("zstd", "1.0"));
    EXPECT_TRUE(holds("zlib >= 1.2", "1.2"));
    EXPECT_TRUE(holds("zlib >= 1.2", "1.10"));
    EXPECT_FALSE(holds("zlib >= 1.2", "1.2~rc1"));
    EXPECT_TRUE(holds("zlib < 1.2", "1.2~rc1"));
    EXPECT_FALSE(holds("zlib < 1.2", "1.2"));
    EXPECT_TRUE(holds("zlib <= 1.2", "1.2"));
    EXPECT_FALSE(holds("zlib > 1.2", "1.2"));
    EXPECT_TRUE(holds("zlib", ""));
    EXPECT_FALSE(holds("zlib >= 1", ""));
}

}  // namespace
}  // namespace cairn::package
