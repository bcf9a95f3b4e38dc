#include "cli/device/fields.h"

namespace cairn::device {
namespace {

const Json* find(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string text_of(const Json& object, const char* name) {
    const Json* const value = find(object, name);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

std::int64_t number_of(const Json& object, const char* name) {
    const Json* const value = find(object, name);
    return value != nullptr && value->is_number() ? value->get<std::int64_t>() : 0;
}

bool is_true(const Json& object, const char* name) {
    const Json* const value = find(object, name);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& list_of(const Json& object, const char* name) {
    static const Json empty = Json::array();
    const Json* const value = find(object, name);
    return value != nullptr && value->is_array() ? *value : empty;
}

const Json& object_of(const Json& object, const char* name) {
    static const Json empty = Json::object();
    const Json* const value = find(object, name);
    return value != nullptr && value->is_object() ? *value : empty;
}

}  // namespace cairn::device
