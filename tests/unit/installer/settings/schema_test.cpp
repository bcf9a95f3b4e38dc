#include "installer/settings/schema.h"

#include <gmock/gmock.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

using ::testing::HasSubstr;

std::string report_of(auto&& body) {
    try {
        body();
    } catch (const UsageError& error) {
        return error.report();
    }
    return "nothing was thrown";
}

std::string one_setting(std::string_view path, std::string_view keys) {
    return std::format("format = 1\n[[setting]]\npath = \"{}\"\ndescription = \"d\"\n{}\n", path, keys);
}

std::string refusal_of(std::string_view keys) {
    return report_of([&] { parse_piece(one_setting("a.b", keys), "/p/piece.toml"); });
}

TEST(Schema, ReadsEveryType) {
    const Piece piece = parse_piece(R"(
format = 1

[[setting]]
path = "network.host_name"
description = "the name of this machine"
type = "string"
pattern = "[a-z0-9-]+"
max_length = 63
default = "cairn"
first_boot = true

[[setting]]
path = "network.interfaces"
description = "network interfaces, by names that are chosen here"
type = "table"
[setting.entry]
type = "record"
[setting.entry.fields.mtu]
type = "integer"
min = 68
max = 9216
default = 1500
[setting.entry.fields.mode]
type = "enumeration"
values = ["dhcp", "static"]
required = true
[setting.entry.fields.addresses]
type = "list"
item = { type = "string" }
[setting.entry.fields.password]
type = "string"
secret = true
)",
                                    "/lib/network.toml");
    EXPECT_EQ(piece.name, "network");
    ASSERT_EQ(piece.settings.size(), 2U);
    const Setting& name = piece.settings[0];
    EXPECT_EQ(name.definition.kind, Kind::string);
    EXPECT_EQ(name.definition.default_value, Json("cairn"));
    EXPECT_TRUE(name.is_first_boot);
    EXPECT_EQ(name.place, "/lib/network.toml:5:8");
    const Definition& entry = piece.settings[1].definition.item.at(0);
    ASSERT_NE(entry.find_field("mtu"), nullptr);
    EXPECT_EQ(entry.find_field("mtu")->most, 9216);
    EXPECT_TRUE(entry.find_field("mode")->is_required);
    EXPECT_TRUE(piece.settings[1].definition.has_secret());
    EXPECT_FALSE(piece.settings[1].is_first_boot);
}

TEST(Schema, NamesBothPiecesThatDescribeOneSetting) {
    const Piece one = parse_piece(one_setting("ntp.servers", "type = \"boolean\""), "/lib/ntp.toml");
    const Piece two = parse_piece(one_setting("ntp.servers", "type = \"boolean\""), "/lib/clock.toml");
    const std::string report = report_of([&] { Schema({one, two}); });
    EXPECT_THAT(report, HasSubstr("'ntp.servers' is described twice"));
    EXPECT_THAT(report, HasSubstr("by piece 'ntp'"));
    EXPECT_THAT(report, HasSubstr("/lib/ntp.toml:3:8"));
    EXPECT_THAT(report, HasSubstr("by piece 'clock'"));
    EXPECT_THAT(report, HasSubstr("/lib/clock.toml:3:8"));
}

TEST(Schema, RefusesASettingWithinAnother) {
    const Piece one = parse_piece(one_setting("ntp", "type = \"boolean\""), "/lib/ntp.toml");
    const Piece two = parse_piece(one_setting("ntp.pool.first", "type = \"boolean\""), "/lib/pool.toml");
    const Piece apart = parse_piece(one_setting("ntp_pool", "type = \"boolean\""), "/lib/apart.toml");
    EXPECT_THAT(report_of([&] { Schema({two, one}); }),
                HasSubstr("'ntp.pool.first' lies within setting 'ntp'"));
    EXPECT_EQ(Schema({one, apart}).settings().size(), 2U);
}

TEST(Schema, SaysWhereAPieceIsWrong) {
    EXPECT_THAT(refusal_of("type = \"strin\""), HasSubstr("/p/piece.toml:5:8"));
    EXPECT_THAT(refusal_of("type = \"string\"\npattern = \"[\""), HasSubstr("/p/piece.toml:6:11"));
    EXPECT_THAT(refusal_of("type = \"string\"\npatern = \"a\""), HasSubstr("did you mean 'pattern'?"));
    EXPECT_THAT(refusal_of("type = \"integer\"\nmin = 5\nmax = 4"), HasSubstr("leaves nothing"));
    EXPECT_THAT(refusal_of("type = \"integer\"\nmin = 5\ndefault = 4"), HasSubstr("is too small"));
    EXPECT_THAT(refusal_of("type = \"string\"\nsecret = true\ndefault = \"x\""), HasSubstr("is a secret"));
    EXPECT_THAT(refusal_of("type = \"boolean\"\nrequired = true\ndefault = true"),
                HasSubstr("means nothing"));
    EXPECT_THAT(refusal_of("type = \"enumeration\"\nvalues = [\"a\", \"a\"]"), HasSubstr("twice"));
    EXPECT_THAT(refusal_of("type = \"list\""), HasSubstr("'setting[0].item' is missing"));
    EXPECT_THAT(refusal_of("type = \"record\"\nfields.Big.type = \"boolean\""), HasSubstr("small letters"));
    EXPECT_THAT(report_of([] { parse_piece(one_setting("a..b", "type = \"boolean\""), "/p/x.toml"); }),
                HasSubstr("/p/x.toml:3:8"));
    EXPECT_THAT(report_of([] { parse_piece("format = 2\n", "/p/x.toml"); }),
                HasSubstr("this reader knows 1"));
}

TEST(Schema, EndsWhereTypesAreNestedTooDeep) {
    std::string keys = "type = \"list\"\nitem = ";
    for (int i = 0; i < 9; ++i) keys += "{type = \"list\", item = ";
    keys += "{type = \"boolean\"}";
    for (int i = 0; i < 9; ++i) keys += "}";
    EXPECT_THAT(refusal_of(keys), HasSubstr("deeper than 8 levels"));
}

TEST(Schema, IsReadFromADirectory) {
    const TemporaryDirectory work;
    write_file(work.path() / "b.toml", one_setting("b.x", "type = \"boolean\""));
    write_file(work.path() / "a.toml", one_setting("a.y", "type = \"boolean\""));
    write_file(work.path() / "notes.txt", "not a piece");
    const Schema schema = read_schema(work.path());
    EXPECT_EQ(schema.settings().size(), 2U);
    EXPECT_TRUE(schema.is_group("a"));
    EXPECT_FALSE(schema.is_group("a.y"));
    EXPECT_EQ(schema.words_below(""), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(read_schema(work.path() / "none").settings().empty());
}

}  // namespace
}  // namespace cairn::settings
