#include "cli/device/assignment.h"

#include <algorithm>
#include <format>

#include "cli/device/fields.h"
#include "cli/device/setting_path.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

std::string allowed_of(const Json& definition) {
    const std::string allowed = text_of(definition, "allowed");
    return allowed.empty() ? text_of(definition, "type") : allowed;
}

Json parse_as_json(std::string_view text, const Json& definition, const std::string& path) {
    try {
        return parse_json(text, path);
    } catch (const VerifyError&) {
        throw UsageError(std::format("'{}' is no value for '{}'", text, path))
            .hint("allowed: " + allowed_of(definition));
    }
}

bool is_scalar(const Json& definition) {
    const std::string type = text_of(definition, "type");
    return type != "list" && type != "table" && type != "record";
}

Json parse_list(std::string_view text, const Json& definition, const std::string& path) {
    const Json& item = object_of(definition, "item");
    if (text.starts_with('[')) return parse_as_json(text, definition, path);
    if (!is_scalar(item)) return Json::array({parse_value(text, item, path)});
    Json list = Json::array();
    for (const std::string& word : split(text, ','))
        if (!trim(word).empty()) list.push_back(parse_value(trim(word), item, path));
    return list;
}

/// The list after `+=` or `-=`; the values given are one or many.
Json change_list(Json list, const Assignment& assignment, const Json& definition, const std::string& path) {
    if (text_of(definition, "type") != "list")
        throw UsageError(std::format("'{}' is no list: only lists know '+=' and '-='", path));
    for (const Json& value : parse_list(assignment.text, definition, path)) {
        const auto found = std::ranges::find(list, value);
        if (assignment.kind == Assignment::Kind::add) {
            list.push_back(value);
        } else if (found == list.end()) {
            throw UsageError(std::format("'{}' has no item {}", path, value.dump()))
                .detail("items", list.dump());
        } else {
            list.erase(found);
        }
    }
    return list;
}

}  // namespace

Assignment parse_assignment(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
        throw UsageError(std::format("'{}' sets nothing", text))
            .hint("SETTING=VALUE, or LIST+=ITEM and LIST-=ITEM");
    Assignment assignment{.path = {}, .text = std::string(text.substr(equals + 1))};
    std::string_view path = text.substr(0, equals);
    if (path.ends_with('+')) assignment.kind = Assignment::Kind::add;
    if (path.ends_with('-')) assignment.kind = Assignment::Kind::remove;
    if (assignment.kind != Assignment::Kind::set) path.remove_suffix(1);
    assignment.path = parse_setting_path(trim(path));
    return assignment;
}

Json parse_value(std::string_view text, const Json& definition, const std::string& path) {
    const std::string type = text_of(definition, "type");
    if (type == "list") return parse_list(text, definition, path);
    if (type != "string" && type != "enumeration") return parse_as_json(text, definition, path);
    const bool is_quoted = text.size() > 1 && text.starts_with('"') && text.ends_with('"');
    return is_quoted ? parse_as_json(text, definition, path) : Json(text);
}

Json make_patch(std::span<const Assignment> assignments, const Json& schema, const Json& holds) {
    Json patch = Json::object();
    for (const Assignment& assignment : assignments) {
        const std::string name = join(assignment.path, ".");
        const Json definition = find_place(assignment.path, schema).definition;
        if (assignment.kind == Assignment::Kind::set) {
            put_value(patch, assignment.path, parse_value(assignment.text, definition, name));
            continue;
        }
        const Json* before = find_value(patch, assignment.path);
        if (before == nullptr) before = find_value(holds, assignment.path);
        Json list = before != nullptr && before->is_array() ? *before : Json::array();
        put_value(patch, assignment.path, change_list(std::move(list), assignment, definition, name));
    }
    return patch;
}

Json make_unset_patch(std::span<const std::string> paths, const Json& schema) {
    Json patch = Json::object();
    for (const std::string& text : paths) {
        const auto path = parse_setting_path(text);
        find_place(path, schema);
        put_value(patch, path, nullptr);
    }
    return patch;
}

}  // namespace cairn::device
