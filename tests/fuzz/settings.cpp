#include <algorithm>

#include "installer/settings/values.h"
#include "tests/fuzz/fuzz.h"

/// Input: a piece of the schema, a NUL, and a JSON document of settings.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

void check_violations(const std::vector<settings::Violation>& violations) {
    require(violations.size() <= 100, "violations are bounded");
    for (const settings::Violation& violation : violations) {
        require(!violation.why.empty(), "a violation says why");
        require(violation.value.size() < 100, "a value is shown shortened");
        require(
            std::ranges::none_of(violation.value, [](char letter) { return letter >= 0 && letter < 0x20; }),
            "what is shown cannot break a line");
    }
}

/// Whoever reads settings with their defaults reads what the schema allows.
void check_values(const settings::Values& values, const settings::Schema& schema) {
    for (const settings::Violation& violation : settings::find_violations(values.effective(), schema))
        require(violation.why == "holds an item twice", "defaults are allowed");
    for (const auto& [path, setting] : schema.settings())
        if (setting.definition.default_value || settings::find_value(values.document(), path) != nullptr)
            require(settings::find_value(values.effective(), path) != nullptr,
                    "what has a default has a value");
    const Json shown = settings::without_secrets(values.document(), schema);
    for (const auto& [path, setting] : schema.settings())
        if (const Json* value = settings::find_value(shown, path); value && setting.definition.is_secret)
            require(*value == "(secret)", "a secret is not shown");
}

}  // namespace

FUZZ_TARGET(input) {
    const std::string_view text = text_of(input);
    if (text.size() > 16384) return;
    const std::size_t end = std::min(text.find('\0'), text.size());
    const auto schema = find_accepted<UsageError>(
        [&] { return settings::Schema({settings::parse_piece(text.substr(0, end), "fuzz.toml")}); });
    if (!schema || end == text.size()) return;
    const auto document =
        find_accepted<VerifyError>([&] { return parse_json(text.substr(end + 1), "fuzz.json"); });
    if (!document) return;
    const auto violations = settings::find_violations(*document, *schema);
    check_violations(violations);
    const auto values =
        find_accepted<settings::InvalidSettings>([&] { return settings::verify_values(*document, *schema); });
    require(values.has_value() == violations.empty(), "settings are taken exactly when nothing is wrong");
    if (values) check_values(*values, *schema);
}
