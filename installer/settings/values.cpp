#include "installer/settings/values.h"

#include <format>
#include <utility>

#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

/// What a record or the entries of lists and tables lack is filled in from their definitions.
void fill_defaults(Json& value, const Definition& definition) {
    if (definition.kind == Kind::list || definition.kind == Kind::table)
        for (Json& item : value) fill_defaults(item, definition.item[0]);
    if (definition.kind != Kind::record) return;
    for (const Definition& field : definition.fields) {
        if (!value.contains(field.name) && field.default_value) value[field.name] = *field.default_value;
        if (value.contains(field.name)) fill_defaults(value[field.name], field);
    }
}

Json with_defaults(const Json& document, const Schema& schema) {
    Json effective = Json::object();
    for (const auto& [path, setting] : schema.settings()) {
        const Json* value = find_value(document, path);
        if (value == nullptr && setting.definition.default_value) value = &*setting.definition.default_value;
        if (value == nullptr) continue;
        Json filled = *value;
        fill_defaults(filled, setting.definition);
        set_value(effective, path, std::move(filled));
    }
    return effective;
}

std::vector<Violation> at_least_one(std::vector<Violation> violations) {
    CHECK(!violations.empty());
    return violations;
}

constexpr std::string_view hidden = "(secret)";

Json without_secrets_below(const Json& document, const Schema& schema, const std::string& path) {
    if (const Setting* setting = schema.find(path)) return without_secrets(document, setting->definition);
    if (!schema.is_group(path) || !document.is_object()) return hidden;
    Json shown = Json::object();
    for (const auto& [key, value] : document.items())
        shown[key] =
            without_secrets_below(value, schema, path.empty() ? key : std::format("{}.{}", path, key));
    return shown;
}

}  // namespace

std::string describe(const Violation& violation) {
    std::string text = violation.path.empty() ? "the settings" : violation.path;
    if (!violation.value.empty()) text += std::format(" = {}", violation.value);
    text += std::format(" {}", violation.why);
    if (!violation.allowed.empty()) text += std::format("; allowed: {}", violation.allowed);
    return text;
}

InvalidSettings::InvalidSettings(std::vector<Violation> violations)
    : UsageError(violations.size() == 1
                     ? "cannot take the settings: " + describe(violations[0])
                     : std::format("cannot take the settings: {} values are not allowed", violations.size())),
      violations_(at_least_one(std::move(violations))) {
    if (violations_.size() == 1) return;
    for (const Violation& violation : violations_) {
        Violation rest = violation;
        rest.path.clear();
        detail(violation.path.empty() ? "the settings" : violation.path,
               describe(rest).substr(std::string_view("the settings ").size()));
    }
}

Values verify_values(Json document, const Schema& schema) {
    if (auto violations = find_violations(document, schema); !violations.empty())
        throw InvalidSettings(std::move(violations));
    Values values;
    values.effective_ = with_defaults(document, schema);
    values.document_ = std::move(document);
    return values;
}

const Json* find_value(const Json& document, std::string_view path) {
    const Json* at = &document;
    for (const std::string& word : split(path, '.')) {
        if (!at->is_object()) return nullptr;
        const auto found = at->find(word);
        if (found == at->end()) return nullptr;
        at = &*found;
    }
    return at;
}

void set_value(Json& document, std::string_view path, Json value) {
    Json* at = &document;
    for (const std::string& word : split(path, '.')) {
        if (!at->is_object()) *at = Json::object();
        at = &(*at)[word];
    }
    *at = std::move(value);
}

void remove_value(Json& document, std::string_view path) {
    if (!document.is_object()) return;
    const std::size_t dot = path.find('.');
    const auto found = document.find(std::string(path.substr(0, dot)));
    if (found == document.end()) return;
    if (dot != std::string_view::npos) {
        remove_value(*found, path.substr(dot + 1));
        if (!found->is_object() || !found->empty()) return;
    }
    document.erase(found);
}

Json without_secrets(const Json& document, const Schema& schema) {
    return without_secrets_below(document, schema, "");
}

Json without_secrets(const Json& value, const Definition& definition) {
    if (definition.is_secret) return hidden;
    Json shown = value;
    if (definition.kind == Kind::list || definition.kind == Kind::table) {
        if (value.is_structured())
            for (Json& item : shown) item = without_secrets(item, definition.item[0]);
        else if (definition.has_secret())
            return hidden;
    }
    if (definition.kind != Kind::record) return shown;
    if (!value.is_object()) return definition.has_secret() ? Json(hidden) : shown;
    for (auto& [key, field] : shown.items()) {
        const Definition* known = definition.find_field(key);
        field = known == nullptr ? Json(hidden) : without_secrets(field, *known);
    }
    return shown;
}

}  // namespace cairn::settings
