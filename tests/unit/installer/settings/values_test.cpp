#include "installer/settings/values.h"

#include <gmock/gmock.h>

#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Violation only_violation(const char* document) {
    const auto violations = find_violations(Json::parse(document), example_schema());
    EXPECT_EQ(violations.size(), 1U) << document;
    return violations.empty() ? Violation{} : violations[0];
}

TEST(Values, HaveDefaultsForWhatIsNotSet) {
    const Json document = Json::parse(R"({"network": {"interfaces": {"lan0": {"mode": "dhcp"}}}})");
    const Values values = verify_values(document, example_schema());
    EXPECT_EQ(values.document(), document);
    EXPECT_EQ(values.effective(), Json::parse(R"({
        "debug": false,
        "network": {"host_name": "cairn", "interfaces": {"lan0": {"mode": "dhcp", "mtu": 1500}}},
        "ntp": {"servers": ["a.example", "b.example"]}})"));
}

TEST(Values, NameEachViolationByPathValueReasonAndWhatIsAllowed) {
    EXPECT_EQ(
        only_violation(R"({"network": {"interfaces": {"lan0": {"mode": "dhcp", "mtu": 70000}}}})"),
        (Violation{"network.interfaces.lan0.mtu", "70000", "is too large", "an integer from 68 to 9216"}));
    EXPECT_EQ(only_violation(R"({"network": {"host_name": "Big"}})"),
              (Violation{"network.host_name", "\"Big\"", "does not match",
                         "a string of 1 to 8 letters in one line that matches '[a-z0-9-]+'"}));
    EXPECT_EQ(
        only_violation(R"({"ntp": {"servers": ["a", 7]}})"),
        (Violation{"ntp.servers[1]", "7", "is an integer", "a string of 0 to 1024 letters in one line"}));
    EXPECT_EQ(only_violation(R"({"network": {"interfaces": {"a.b": {}}}})").path,
              R"(network.interfaces["a.b"].mode)");
    EXPECT_EQ(only_violation(R"({"debug": null})").why, "is null");
    EXPECT_EQ(only_violation(R"({"debug": 1})").allowed, "true or false");
    EXPECT_EQ(only_violation(R"({"network": 3})").why, "is an integer");
    EXPECT_EQ(only_violation(R"({"network": {"host_nam": "x"}})").allowed, "did you mean 'host_name'?");
    EXPECT_EQ(only_violation(R"({"network.host_name": "x"})").why, "is not known");
    EXPECT_EQ(only_violation(R"({"ntp": {"servers": ["a", "a"]}})").why, "holds an item twice");
    EXPECT_EQ(only_violation(R"({"ntp": {"servers": ["a", "b", "c", "d"]}})").why, "is too long: 4");
    EXPECT_EQ(only_violation(R"({"network": {"interfaces": {"": {"mode": "dhcp"}}}})").why,
              "is no name for an entry");
    EXPECT_EQ(find_violations(Json::parse("[]"), example_schema()).size(), 1U);
}

TEST(Values, RefuseNumbersThatAreNoIntegersOf64Bits) {
    for (const char* number : {"1500.0", "1e3", "18446744073709551615", "9223372036854775808", "-1", "67"})
        EXPECT_EQ(
            find_violations(
                Json::parse(std::format(
                    R"({{"network": {{"interfaces": {{"l": {{"mode": "dhcp", "mtu": {}}}}}}}}})", number)),
                example_schema())
                .size(),
            1U)
            << number;
}

TEST(Values, HoldControlLettersOnlyWhereLinesAreMeant) {
    EXPECT_EQ(only_violation(R"({"ntp": {"servers": ["a\nb"]}})").why, "holds a control letter");
    EXPECT_EQ(only_violation(R"({"motd": "a\u0000b"})").why, "holds a control letter");
    EXPECT_EQ(only_violation(R"({"motd": "a\u001b[2J"})").why, "holds a control letter");
    EXPECT_TRUE(find_violations(Json::parse(R"({"motd": "a\nb\tc"})"), example_schema()).empty());
}

TEST(Values, AreRefusedAsAWhole) {
    const Json document = Json::parse(R"({"debug": "yes", "network": {"host_name": ""}, "motd": "fine"})");
    try {
        verify_values(document, example_schema());
        FAIL() << "they were taken";
    } catch (const InvalidSettings& error) {
        EXPECT_EQ(error.violations().size(), 2U);
        EXPECT_THAT(error.report(), HasSubstr("2 values are not allowed"));
        EXPECT_THAT(error.report(), HasSubstr("debug"));
        EXPECT_THAT(error.report(), HasSubstr("network.host_name"));
    }
}

TEST(Values, NeverShowASecret) {
    for (const char* document :
         {R"({"api": {"token": "hunter2 hunter2"}})", R"({"api": {"token": ["hunter2"]}})",
          R"({"api": "hunter2"})", R"({"api": {"tokn": "hunter2"}})",
          R"({"network": {"interfaces": {"lan0": {"mode": "dhcp", "password": "hunter2"}}}})",
          R"({"network": {"interfaces": {"lan0": {"mode": "dhcp", "pasword": "hunter2"}}}})",
          R"({"network": {"interfaces": {"lan0": "hunter2"}}})",
          R"({"network": {"interfaces": "hunter2"}})"}) {
        const Json values = Json::parse(document);
        try {
            verify_values(values, example_schema());
            FAIL() << "taken: " << document;
        } catch (const InvalidSettings& error) {
            EXPECT_THAT(error.report(), Not(HasSubstr("hunter2"))) << document;
        }
        EXPECT_THAT(without_secrets(values, example_schema()).dump(), Not(HasSubstr("hunter2"))) << document;
    }
}

TEST(Values, ShowWhatIsNoSecret) {
    const Json values = Json::parse(R"({"api": {"token": "x"}, "debug": true,
        "network": {"interfaces": {"lan0": {"mode": "dhcp", "password": "x"}}}})");
    Json expected = values;
    expected["api"]["token"] = "(secret)";
    expected["network"]["interfaces"]["lan0"]["password"] = "(secret)";
    EXPECT_EQ(without_secrets(values, example_schema()), expected);
}

TEST(Values, ArePutAndTakenByPath) {
    Json document = Json::object();
    set_value(document, "a.b.c", 1);
    set_value(document, "a.d", 2);
    EXPECT_EQ(document, Json::parse(R"({"a": {"b": {"c": 1}, "d": 2}})"));
    remove_value(document, "a.b.c");
    EXPECT_EQ(document, Json::parse(R"({"a": {"d": 2}})"));
    remove_value(document, "a.x");
    EXPECT_EQ(find_value(document, "a.x"), nullptr);
    EXPECT_EQ(*find_value(document, "a.d"), 2);
}

TEST(Values, MissARequiredSetting) {
    const Schema schema(
        {parse_piece("format = 1\n[[setting]]\npath = \"a.b\"\ndescription = \"d\"\n"
                     "type = \"boolean\"\nrequired = true\n",
                     "/lib/a.toml")});
    EXPECT_EQ(find_violations(Json::object(), schema),
              (std::vector<Violation>{{"a.b", "", "is missing", "true or false"}}));
}

}  // namespace
}  // namespace cairn::settings
