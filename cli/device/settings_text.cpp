#include "cli/device/settings_text.h"

#include <algorithm>
#include <format>

#include "cli/device/fields.h"
#include "cli/device/setting_path.h"
#include "cli/device/words.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

using term::Cell;
using term::Colour;
using Rows = std::vector<std::vector<Cell>>;

bool is_wanted(const std::string& setting, std::span<const std::string> paths) {
    return paths.empty() || std::ranges::any_of(paths, [&](const std::string& path) {
               return setting == path || setting.starts_with(path + ".");
           });
}

/// Takes secrets, and groups that hold nothing else, out of an object.
void take_secrets_out(Json& object, const std::string& path, std::vector<std::string>& left_out) {
    std::vector<std::string> gone;
    for (auto& [name, member] : object.items()) {
        const std::string place = path.empty() ? name : path + "." + name;
        if (member.is_object() && !member.empty()) {
            take_secrets_out(member, place, left_out);
            if (member.empty()) gone.push_back(name);
        } else if (member.dump().contains("\"(secret)\"")) {  // a list goes as a whole
            left_out.push_back(place);
            gone.push_back(name);
        }
    }
    for (const std::string& name : gone) object.erase(name);
}

}  // namespace

std::string format_settings(const Json& values, const Json& schema, std::span<const std::string> paths,
                            term::Painting painting) {
    Rows rows;
    for (const auto& [setting, definition] : schema.items()) {
        if (!is_wanted(setting, paths)) continue;
        const Json* const value = find_value(values, parse_setting_path(setting));
        rows.push_back(
            {setting, value == nullptr ? Cell("(not set)", Colour::faint) : Cell(format_value(*value))});
    }
    return format_columns(rows, painting);
}

std::string format_schema(const Json& schema, std::span<const std::string> paths, term::Painting painting) {
    std::string text;
    for (const auto& [setting, definition] : schema.items()) {
        if (!is_wanted(setting, paths)) continue;
        text += (text.empty() ? "" : "\n") + paint({setting, Colour::strong}, painting) + "\n";
        Rows rows{{"what", text_of(definition, "description")}, {"allowed", text_of(definition, "allowed")}};
        if (definition.contains("default")) rows.push_back({"default", format_value(definition["default"])});
        std::string marks;
        if (is_true(definition, "required")) marks += "must be set; ";
        if (is_true(definition, "secret")) marks += "never shown; ";
        if (is_true(definition, "first_boot")) marks += "may come from the first-boot file; ";
        if (!marks.empty()) rows.push_back({"", marks.substr(0, marks.size() - 2)});
        text += format_columns(rows, painting, 2);
    }
    return text;
}

std::string format_transaction(const Json& transaction, term::Painting painting) {
    Rows rows;
    for (const Json& difference : list_of(transaction, "differences"))
        rows.push_back({text_of(difference, "path"),
                        Cell(format_value(difference.value("before", Json())), Colour::bad), "->",
                        Cell(format_value(difference.value("after", Json())), Colour::good)});
    if (rows.empty()) return "nothing is pending\n";
    std::string text = format_columns(rows, painting);
    Rows violations;
    for (const Json& violation : list_of(transaction, "violations"))
        violations.push_back({Cell(text_of(violation, "path"), Colour::bad),
                              std::format("{}{}{}; allowed: {}", text_of(violation, "value"),
                                          text_of(violation, "value").empty() ? "" : " ",
                                          text_of(violation, "why"), text_of(violation, "allowed"))});
    if (!violations.empty()) text += "not allowed:\n" + format_columns(violations, painting, 2);
    std::vector<std::string> services;
    for (const Json& service : list_of(transaction, "services")) services.push_back(format_value(service));
    if (!services.empty()) text += "restarts: " + join(services, ", ") + "\n";
    return text;
}

std::string format_history(const Json& history, term::Painting painting) {
    Rows rows{{"", Cell("version", Colour::faint), Cell("when", Colour::faint), Cell("who", Colour::faint),
               Cell("what", Colour::faint)}};
    for (const Json& entry : list_of(history, "entries")) {
        const bool is_current = number_of(entry, "version") == number_of(history, "current");
        std::string what = text_of(entry, "what");
        if (entry.contains("returned_to") && entry["returned_to"].is_number())
            what += std::format(" (the values of {})", number_of(entry, "returned_to"));
        rows.push_back({is_current ? "*" : "", std::to_string(number_of(entry, "version")),
                        format_time(number_of(entry, "time")), text_of(entry, "who"), what});
    }
    return rows.size() == 1 ? "nothing was ever set\n" : format_columns(rows, painting);
}

Json without_secrets(const Json& document, std::vector<std::string>& left_out) {
    Json kept = document;
    if (kept.is_object()) take_secrets_out(kept, "", left_out);
    return kept;
}

}  // namespace cairn::device
