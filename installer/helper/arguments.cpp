#include "installer/helper/arguments.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::helper {

Arguments::Arguments(const Json& request, std::initializer_list<std::string_view> known) : request_(request) {
    for (const auto& [name, value] : request.items())
        if (name != "do" && !std::ranges::contains(known, name))
            throw UsageError(std::format("'{}' is no argument of this verb", name));
}

const Json& Arguments::field(const char* name) const {
    const auto found = request_.find(name);
    if (found == request_.end()) throw UsageError(std::format("argument '{}' is missing", name));
    return *found;
}

std::string Arguments::text(const char* name, std::size_t most) const {
    const Json& value = field(name);
    if (!value.is_string()) throw UsageError(std::format("argument '{}' is no text", name));
    auto text = value.get<std::string>();
    if (text.empty() || text.size() > most)
        throw UsageError(std::format("argument '{}' is empty or longer than {} bytes", name, most));
    if (std::ranges::any_of(
            text, [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }))
        throw UsageError(std::format("argument '{}' has control characters", name));
    return text;
}

std::optional<std::string> Arguments::text_or_null(const char* name, std::size_t most) const {
    if (field(name).is_null()) return std::nullopt;
    return text(name, most);
}

std::optional<Json> Arguments::object_or_null(const char* name) const {
    const Json& value = field(name);
    if (value.is_null()) return std::nullopt;
    if (!value.is_object()) throw UsageError(std::format("argument '{}' is no object", name));
    return value;
}

}  // namespace cairn::helper
