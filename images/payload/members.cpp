#include "images/payload/members.h"

#include <format>

#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;

}  // namespace

Members::Members(const Json& object, std::string_view name, std::string_view what)
    : object_(object), name_(name), what_(what) {
    if (!object_.is_object()) refuse("an object is expected");
}

void Members::refuse(std::string_view why) const {
    throw VerifyError(std::format("'{}' does not describe {}: {}", name_, what_, why));
}

const Json& Members::member(const char* key) const {
    if (!has(key)) refuse(std::format("there is no '{}'", key));
    return object_.at(key);
}

const Json& Members::list(const char* key, std::size_t most) const {
    const Json& value = member(key);
    if (!value.is_array() || value.size() > most)
        refuse(std::format("'{}' is no list, or has more than {} entries", key, most));
    return value;
}

std::uint64_t Members::size(const char* key) const {
    return number(key, most_bytes);
}

std::uint64_t Members::number(const char* key, std::uint64_t most) const {
    const Json& value = member(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
        refuse(std::format("'{}' is no number from 0 to {}", key, most));
    return value.get<std::uint64_t>();
}

crypto::Hash Members::hash(const char* key) const {
    const auto found = crypto::find_hash(text(key, 64));
    if (!found) refuse(std::format("'{}' is no hash", key));
    return *found;
}

std::string Members::text(const char* key, std::size_t most) const {
    const Json& value = member(key);
    if (!value.is_string() || value.get_ref<const std::string&>().size() > most)
        refuse(std::format("'{}' is no text, or longer than {} bytes", key, most));
    return value.get<std::string>();
}

bool Members::flag(const char* key) const {
    const Json& value = member(key);
    if (!value.is_boolean()) refuse(std::format("'{}' is not true or false", key));
    return value.get<bool>();
}

}  // namespace cairn::payload
