#include "installer/settings/difference.h"

#include <gtest/gtest.h>

#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

std::vector<Difference> differences(const char* before, const char* after) {
    return find_differences(Json::parse(before), Json::parse(after), example_schema());
}

TEST(Differences, NameTheInnermostValue) {
    EXPECT_EQ(differences(
                  R"({"network": {"interfaces": {"lan0": {"mode": "dhcp"}, "a.b": {"mode": "dhcp"}}}})",
                  R"({"network": {"interfaces": {"lan0": {"mode": "static", "mtu": 1400}}}, "debug": true})"),
              (std::vector<Difference>{
                  {"debug", std::nullopt, true},
                  {R"(network.interfaces["a.b"])", Json{{"mode", "dhcp"}}, std::nullopt},
                  {"network.interfaces.lan0.mode", "dhcp", "static"},
                  {"network.interfaces.lan0.mtu", std::nullopt, 1400},
              }));
}

TEST(Differences, ShowThatASecretChangedButNotHow) {
    EXPECT_EQ(differences(R"({"api": {"token": "old"}})", R"({"api": {"token": "new"}})"),
              (std::vector<Difference>{{"api.token", "(secret)", "(secret)"}}));
    const auto found =
        differences("{}", R"({"network": {"interfaces": {"lan0": {"mode": "dhcp", "password": "x"}}}})");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].after->at("lan0").at("password"), "(secret)");
}

TEST(Differences, AreNoneBetweenEqualOnes) {
    EXPECT_TRUE(differences(R"({"debug": true})", R"({"debug": true, "network": {}})").empty());
}

TEST(Differences, ThatTellServicesAreOfEffectiveValues) {
    const Schema schema = example_schema();
    const auto values = [&](const char* text) { return verify_values(Json::parse(text), schema); };
    EXPECT_TRUE(find_changed_settings(values("{}"), values(R"({"debug": false})"), schema).empty());
    EXPECT_EQ(find_changed_settings(values(R"({"motd": "x"})"), values(R"({"debug": true})"), schema),
              (std::vector<std::string>{"debug", "motd"}));
}

}  // namespace
}  // namespace cairn::settings
