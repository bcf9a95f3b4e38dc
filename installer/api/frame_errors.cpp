#include <cstring>
#include <format>

#include "installer/api/errors.h"
#include "installer/api/frames.h"

namespace cairn::api {

namespace {

constexpr std::size_t most_lines = 64;

std::string_view kind_of(const std::exception& error) {
    if (dynamic_cast<const UsageError*>(&error) != nullptr) return "usage";
    if (dynamic_cast<const Conflict*>(&error) != nullptr) return "conflict";
    if (dynamic_cast<const Busy*>(&error) != nullptr) return "busy";
    if (dynamic_cast<const Forbidden*>(&error) != nullptr) return "forbidden";
    if (dynamic_cast<const NotFound*>(&error) != nullptr) return "not_found";
    if (dynamic_cast<const VerifyError*>(&error) != nullptr) return "verify";
    if (dynamic_cast<const NetworkError*>(&error) != nullptr) return "network";
    if (dynamic_cast<const SystemError*>(&error) != nullptr) return "system";
    return "error";
}

std::string find_text(const Json& object, const char* name) {
    const auto field = object.find(name);
    return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

/// The lines that a kind of error has beside its message; what makes no sense is left out.
void fill(Error& error, const Json& from) {
    if (const auto details = from.find("details"); details != from.end() && details->is_array())
        for (const Json& line : *details)
            if (error.details().size() < most_lines && line.is_array() && line.size() == 2 &&
                line[0].is_string() && line[1].is_string())
                error.detail(line[0].get<std::string>(), line[1].get<std::string>());
    if (const auto context = from.find("context"); context != from.end() && context->is_array())
        for (const Json& line : *context)
            if (error.context().size() < most_lines && line.is_string())
                error.add_context(line.get<std::string>());
    if (const std::string hint = find_text(from, "hint"); !hint.empty()) error.hint(hint);
}

template <class Kind>
[[noreturn]] void throw_as(const std::string& message, const Json& from) {
    Kind error(message);
    fill(error, from);
    throw error;
}

/// SystemError writes its number's text behind the message by itself.
[[noreturn]] void throw_system_error(std::string message, const Json& from) {
    const auto number = from.find("errno");
    if (number == from.end() || !number->is_number_integer()) throw_as<Error>(message, from);
    const int value = number->get<int>();
    const std::string ending = std::format(": {}", std::strerror(value));
    if (message.ends_with(ending)) message.resize(message.size() - ending.size());
    SystemError error(message, value);
    fill(error, from);
    throw error;
}

}  // namespace

Json error_to_json(const std::exception& error) {
    Json json = {{"kind", kind_of(error)}, {"message", error.what()}, {"details", Json::array()}};
    const auto* known = dynamic_cast<const Error*>(&error);
    if (known == nullptr) return json;
    for (const auto& [name, value] : known->details()) json["details"].push_back(Json::array({name, value}));
    if (!known->context().empty()) json["context"] = known->context();
    if (!known->hint().empty()) json["hint"] = known->hint();
    if (const auto* system = dynamic_cast<const SystemError*>(&error)) json["errno"] = system->error_number();
    return json;
}

void throw_error(const Json& error) {
    const std::string message = error.is_object() ? find_text(error, "message") : std::string();
    if (message.empty()) throw VerifyError("what came instead of an error is none");
    const std::string kind = find_text(error, "kind");
    if (kind == "usage") throw_as<UsageError>(message, error);
    if (kind == "conflict") throw_as<Conflict>(message, error);
    if (kind == "busy") throw_as<Busy>(message, error);
    if (kind == "forbidden") throw_as<Forbidden>(message, error);
    if (kind == "not_found") throw_as<NotFound>(message, error);
    if (kind == "verify") throw_as<VerifyError>(message, error);
    if (kind == "network") throw_as<NetworkError>(message, error);
    if (kind == "system") throw_system_error(message, error);
    throw_as<Error>(message, error);
}

}  // namespace cairn::api
