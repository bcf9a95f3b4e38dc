#include "installer/slots/deny_list.h"

#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

DeniedVersion make_denied(const ImageVersion& image, Ban ban = Ban::denied) {
    return {
        .image = image, .ban = ban, .cause = "3 boots did not become good: \"x\"\n", .time = 1'800'000'000};
}

TEST(DenyList, IsReadBackAsItWasWritten) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "denied.json";
    EXPECT_EQ(DenyList::read(path), DenyList());
    DenyList list;
    list.add(make_denied(v1));
    list.add(make_denied(v2, Ban::held));
    list.write(path);
    EXPECT_EQ(DenyList::read(path), list);
    EXPECT_EQ(list.find(v2), make_denied(v2, Ban::held));
    EXPECT_FALSE(list.find(v10));
}

TEST(DenyList, SaysOneThingOfEachVersion) {
    DenyList list;
    list.add(make_denied(v1, Ban::held));
    list.add(make_denied(v1));
    EXPECT_EQ(list.versions(), std::vector{make_denied(v1)});
    EXPECT_TRUE(list.clear(v1));
    EXPECT_FALSE(list.clear(v1));
}

TEST(DenyList, LiftsHoldsAlone) {
    DenyList list;
    list.add(make_denied(v1, Ban::held));
    list.add(make_denied(v2));
    list.lift_holds();
    EXPECT_EQ(list.versions(), std::vector{make_denied(v2)});
}

TEST(DenyList, StaysBoundedAndReadable) {
    DenyList list;
    for (int number = 0; number < 100; ++number) {
        DeniedVersion version = make_denied({"base", std::format("{}.0", number)});
        version.cause = std::string(5000, '\xc3') + "\xff";
        list.add(version);
    }
    EXPECT_EQ(list.versions().size(), 64U);
    EXPECT_FALSE(list.find({"base", "35.0"}));
    EXPECT_TRUE(list.find({"base", "99.0"}));
    EXPECT_EQ(DenyList::parse(list.to_text(), "list"), list);
}

TEST(DenyList, RefusesWhatIsNoList) {
    const std::string good =
        R"({"format":1,"versions":[{"name":"base","version":"1.0","ban":"held","cause":"","time":1}]})";
    EXPECT_EQ(DenyList::parse(good, "list").versions().size(), 1U);
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    for (const std::string& text :
         {std::string(), std::string("[]"), with("\"format\":1", "\"format\":2"), with("base", "../x"),
          with("1.0", "1+0"), with("held", "maybe"), with("\"time\":1", "\"time\":\"1\""),
          with(",\"time\":1", ""), with("\"cause\":\"\"", "\"cause\":1"), with("[{", "[7,{"),
          with("\"format\":1", "\"format\":1,\"more\":1"), with("\"format\":1", "\"format\":1,\"format\":1")})
        EXPECT_THROW(DenyList::parse(text, "list"), Error) << text;
    for (std::size_t length = 0; length < good.size(); ++length)
        EXPECT_THROW(DenyList::parse(good.substr(0, length), "list"), Error);
}

}  // namespace
}  // namespace cairn::slots
