#include "pkg/tuf/fields.h"

#include <format>

#include "pkg/base/error.h"

namespace cairn::tuf {
namespace {

constexpr std::uint64_t largest_number = std::uint64_t{1} << 53;

}  // namespace

Fields::Fields(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
    if (!json_.is_object()) throw Error(std::format("{} is not a JSON object", what_));
}

const Json* Fields::find(std::string_view name) const {
    const auto member = json_.find(name);
    return member == json_.end() ? nullptr : &*member;
}

const Json& Fields::any(std::string_view name) const {
    if (const Json* const member = find(name)) return *member;
    fail(name, "is missing");
}

const Json& Fields::object(std::string_view name) const {
    const Json& member = any(name);
    if (!member.is_object()) fail(name, "is not an object");
    return member;
}

const Json& Fields::array(std::string_view name) const {
    const Json& member = any(name);
    if (!member.is_array()) fail(name, "is not an array");
    return member;
}

std::string Fields::text(std::string_view name) const {
    const Json& member = any(name);
    if (!member.is_string()) fail(name, "is not text");
    return member.get<std::string>();
}

std::uint64_t Fields::number(std::string_view name, std::uint64_t least) const {
    const Json& member = any(name);
    if (!member.is_number_unsigned()) fail(name, "is not a whole number");
    const auto value = member.get<std::uint64_t>();
    if (value < least || value > largest_number)
        fail(name, std::format("is {}, which is not {} or more", value, least));
    return value;
}

bool Fields::boolean(std::string_view name, bool otherwise) const {
    const Json* const member = find(name);
    if (member == nullptr) return otherwise;
    if (!member->is_boolean()) fail(name, "is neither true nor false");
    return member->get<bool>();
}

void Fields::fail(std::string_view name, std::string_view why) const {
    throw Error(std::format("{}: \"{}\" {}", what_, name, why));
}

}  // namespace cairn::tuf
