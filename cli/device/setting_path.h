#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"

namespace cairn::device {

/// The words of a place within the settings: `network.interfaces["eth0.10"].mtu` has four. Throws UsageError;
/// an item of a list has no path of its own.
std::vector<std::string> parse_setting_path(std::string_view text);

/// Where a path leads: the setting of the schema, and the definition of the value at the path, which may lie
/// within the setting.
struct PlaceInSchema {
    std::string setting;
    Json definition;
};
/// `schema` is the answer of GET /settings/schema. Throws UsageError with the nearest path that there is.
PlaceInSchema find_place(const std::vector<std::string>& path, const Json& schema);

/// The value at a path; null when there is none. Borrowed.
const Json* find_value(const Json& document, const std::vector<std::string>& path);
/// Makes the objects on the way.
void put_value(Json& document, const std::vector<std::string>& path, Json value);

}  // namespace cairn::device
