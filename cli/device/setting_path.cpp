#include "cli/device/setting_path.h"

#include <format>

#include "cli/device/fields.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

[[noreturn]] void fail_path(std::string_view text, const std::string& why) {
    throw UsageError(std::format("'{}' is not the path of a setting: {}", text, why))
        .hint("words with '.' between them; a name with other letters stands as [\"eth0.10\"]");
}

/// `["eth0.10"]` at the front of `rest`, which is taken off.
std::string take_quoted(std::string_view& rest, std::string_view text) {
    if (!rest.starts_with("[\"")) fail_path(text, "an item of a list is changed with its whole list");
    const std::size_t end = rest.find("\"]");
    if (end == std::string_view::npos || end == 2) fail_path(text, "'[\"' without '\"]' and a name between");
    std::string name(rest.substr(2, end - 2));
    rest.remove_prefix(end + 2);
    return name;
}

/// The longest setting of the schema that `path` begins with; gives how many words it has, 0 for none.
std::size_t find_setting(const std::vector<std::string>& path, const Json& schema) {
    for (std::size_t words = path.size(); words > 0; --words)
        if (schema.contains(join(std::span(path).first(words), "."))) return words;
    return 0;
}

[[noreturn]] void fail_unknown(const std::string& path, const Json& schema) {
    std::vector<std::string> known;
    for (const auto& [name, definition] : schema.items()) known.push_back(name);
    for (const std::string& name : known)
        if (name.starts_with(path + "."))
            throw UsageError(std::format("'{}' is no setting but a group of them", path))
                .hint(std::format("'cairnctl settings get {}' shows them", path));
    const auto nearest = find_nearest(path, known);
    throw UsageError(std::format("there is no setting '{}'", path))
        .hint(nearest ? std::format("did you mean '{}'?", *nearest)
                      : "'cairnctl settings get' shows all there are");
}

}  // namespace

std::vector<std::string> parse_setting_path(std::string_view text) {
    std::vector<std::string> words;
    std::string_view rest = text;
    while (!rest.empty()) {
        if (rest.starts_with('[')) {
            words.push_back(take_quoted(rest, text));
        } else {
            const std::size_t end = rest.find_first_of(".[");
            words.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
        }
        if (words.back().empty()) fail_path(text, "a word is missing");
        if (!rest.starts_with('.')) continue;
        rest.remove_prefix(1);
        if (rest.empty() || rest.starts_with('[')) fail_path(text, "a word is missing");
    }
    if (words.empty()) fail_path(text, "it is empty");
    return words;
}

PlaceInSchema find_place(const std::vector<std::string>& path, const Json& schema) {
    const std::size_t words = find_setting(path, schema);
    if (words == 0) fail_unknown(join(path, "."), schema);
    const std::string setting = join(std::span(path).first(words), ".");
    Json definition = schema[setting];
    for (const std::string& step : std::span(path).subspan(words)) {
        const std::string type = text_of(definition, "type");
        const Json& fields = object_of(definition, "fields");
        if (type == "table")
            definition = Json(object_of(definition, "item"));
        else if (type == "record" && fields.contains(step))
            definition = Json(fields[step]);
        else
            throw UsageError(std::format("there is no '{}' within the setting '{}'", step, setting))
                .hint(std::format("'cairnctl settings schema {}' says what it holds", setting));
    }
    return {.setting = setting, .definition = std::move(definition)};
}

const Json* find_value(const Json& document, const std::vector<std::string>& path) {
    const Json* at = &document;
    for (const std::string& word : path) {
        if (!at->is_object() || !at->contains(word)) return nullptr;
        at = &at->at(word);
    }
    return at->is_null() ? nullptr : at;
}

void put_value(Json& document, const std::vector<std::string>& path, Json value) {
    Json* at = &document;
    for (const std::string& word : path) {
        if (!at->is_object()) *at = Json::object();
        at = &(*at)[word];
    }
    *at = std::move(value);
}

}  // namespace cairn::device
