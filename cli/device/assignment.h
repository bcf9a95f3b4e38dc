#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"

namespace cairn::device {

/// `a.b=value` sets, `a.b+=value` adds to a list, `a.b-=value` takes out of one.
struct Assignment {
    enum class Kind { set, add, remove };
    std::vector<std::string> path;
    Kind kind = Kind::set;
    std::string text;
    bool operator==(const Assignment&) const = default;
};

/// Throws UsageError.
Assignment parse_assignment(std::string_view text);

/// A value as people type it, by the type that the schema gives it: text needs no quotes, scalar items of a
/// list may stand with commas between them, all else is JSON. Whether the schema allows the value is checked
/// by the device. Throws UsageError.
Json parse_value(std::string_view text, const Json& definition, const std::string& path);

/// The merge patch (RFC 7396) that does all of `assignments`, one after the other. `holds` has the values
/// that lists are changed from: those that are set, with what is pending.
Json make_patch(std::span<const Assignment> assignments, const Json& schema, const Json& holds);

/// The one that takes settings back to their defaults.
Json make_unset_patch(std::span<const std::string> paths, const Json& schema);

}  // namespace cairn::device
