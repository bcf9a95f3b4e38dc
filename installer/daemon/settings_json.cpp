#include "installer/daemon/settings_json.h"

#include <algorithm>
#include <format>
#include <limits>

namespace cairn::daemon {
namespace {

std::string_view to_text(settings::Kind kind) {
    switch (kind) {
        case settings::Kind::boolean:
            return "boolean";
        case settings::Kind::integer:
            return "integer";
        case settings::Kind::string:
            return "string";
        case settings::Kind::enumeration:
            return "enumeration";
        case settings::Kind::list:
            return "list";
        case settings::Kind::table:
            return "table";
        case settings::Kind::record:
            return "record";
    }
    return "";
}

/// What is as it mostly is is left out.
Json to_json(const settings::Definition& definition) {
    using Limits = std::numeric_limits<std::int64_t>;
    Json json{{"type", to_text(definition.kind)}, {"allowed", describe_allowed(definition)}};
    if (definition.is_secret) json["secret"] = true;
    if (definition.is_required) json["required"] = true;
    if (definition.is_multiline) json["multiline"] = true;
    if (definition.is_unique) json["unique"] = true;
    if (definition.default_value) json["default"] = *definition.default_value;
    if (definition.least != Limits::min()) json["least"] = definition.least;
    if (definition.most != Limits::max()) json["most"] = definition.most;
    if (definition.pattern) json["pattern"] = definition.pattern->text();
    if (!definition.choices.empty()) json["choices"] = definition.choices;
    if (!definition.item.empty()) json["item"] = to_json(definition.item.front());
    for (const settings::Definition& field : definition.fields) json["fields"][field.name] = to_json(field);
    return json;
}

}  // namespace

Json to_json(const settings::Setting& setting) {
    Json json = to_json(setting.definition);
    json["description"] = setting.description;
    json["first_boot"] = setting.is_first_boot;
    json["piece"] = setting.piece;
    return json;
}

Json to_json(const settings::HistoryEntry& entry) {
    return {
        {"version", entry.version},  {"parent", entry.parent},
        {"time", entry.change.time}, {"who", entry.change.who},
        {"what", entry.change.what}, {"returned_to", entry.returned_to ? Json(*entry.returned_to) : Json()}};
}

Json to_json(const settings::Difference& difference) {
    return {{"path", difference.path},
            {"before", difference.before.value_or(Json())},
            {"after", difference.after.value_or(Json())}};
}

Json to_json(const settings::Violation& violation) {
    return {{"path", violation.path},
            {"value", violation.value},
            {"why", violation.why},
            {"allowed", violation.allowed}};
}

Json to_json(const SettingsTry& tried, std::int64_t since_boot) {
    return {{"tx", tried.tx},
            {"seconds", tried.seconds},
            {"seconds_left", std::max<std::int64_t>(tried.ends - since_boot, 0)},
            {"until", tried.until}};
}

Json to_json(const Applied& applied, std::int64_t since_boot) {
    return {{"version", applied.version ? Json(*applied.version) : Json()},
            {"files", applied.files},
            {"services", applied.services},
            {"try", applied.tried ? to_json(*applied.tried, since_boot) : Json()}};
}

std::string find_transaction(const api::Request& request) {
    const auto found = request.query.find("tx");
    return found == request.query.end() ? "default" : found->second;
}

std::string describe(const api::Caller& caller) {
    return std::format("{} '{}'", api::to_text(caller.role), caller.name);
}

}  // namespace cairn::daemon
