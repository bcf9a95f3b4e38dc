#include "installer/api/request.h"

#include <algorithm>
#include <format>

#include "installer/api/errors.h"
#include "installer/settings/values.h"

namespace cairn::api {
namespace {

int status_of(const std::exception& error) {
    const auto is = [&]<class T>(T*) { return dynamic_cast<const T*>(&error) != nullptr; };
    if (is(static_cast<UsageError*>(nullptr))) return 400;
    if (is(static_cast<Forbidden*>(nullptr))) return 403;
    if (is(static_cast<NotFound*>(nullptr))) return 404;
    if (is(static_cast<Conflict*>(nullptr))) return 409;
    if (is(static_cast<VerifyError*>(nullptr))) return 422;
    if (is(static_cast<Busy*>(nullptr))) return 423;
    if (is(static_cast<NetworkError*>(nullptr))) return 502;
    return 500;
}

Json to_json(const std::vector<settings::Violation>& violations) {
    Json list = Json::array();
    for (const settings::Violation& violation : violations)
        list.push_back({{"path", violation.path},
                        {"value", violation.value},
                        {"why", violation.why},
                        {"allowed", violation.allowed}});
    return list;
}

Json to_json(std::string_view message, const std::vector<std::pair<std::string, std::string>>& details,
             std::string_view hint) {
    Json error{{"message", message}};
    for (const auto& [name, value] : details) error["details"][name] = value;
    if (!hint.empty()) error["hint"] = hint;
    return error;
}

/// Messages may quote bytes that somebody sent: what is not UTF-8 is replaced.
Answer make_answer(int status, const Json& value) {
    return {.status = status, .body = value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace

std::string_view to_text(Role role) {
    switch (role) {
        case Role::none:
            return "none";
        case Role::reader:
            return "reader";
        case Role::operator_:
            return "operator";
        case Role::admin:
            return "admin";
    }
    return "none";
}

Role parse_role(std::string_view text) {
    for (const Role role : {Role::reader, Role::operator_, Role::admin})
        if (text == to_text(role)) return role;
    throw UsageError(std::format("there is no role '{}'", text)).hint("roles: reader, operator, admin");
}

Answer make_json_answer(const Json& value) {
    return make_answer(200, value);
}

Answer make_error_answer(int status, std::string_view message,
                         const std::vector<std::pair<std::string, std::string>>& details,
                         std::string_view hint) {
    return make_answer(status, {{"error", to_json(message, details, hint)}});
}

Answer make_error_answer(const std::exception& exception) {
    const auto* known = dynamic_cast<const Error*>(&exception);
    if (known == nullptr)
        return make_error_answer(500, "the request could not be answered", {{"cause", exception.what()}});
    Json error = to_json(known->message(), known->details(), known->hint());
    if (!known->context().empty()) error["context"] = known->context();
    if (const auto* invalid = dynamic_cast<const settings::InvalidSettings*>(&exception))
        error["violations"] = to_json(invalid->violations());
    return make_answer(status_of(exception), {{"error", std::move(error)}});
}

Json parse_body(const Request& request) {
    if (request.body.empty()) return Json::object();
    Json body;
    try {
        body = parse_json(request.body, "the request's body");
    } catch (const VerifyError& error) {
        throw UsageError(error.message());
    }
    if (!body.is_object()) throw UsageError("the request's body is not a JSON object");
    return body;
}

Json parse_body(const Request& request, const std::vector<std::string_view>& members) {
    Json body = parse_body(request);
    for (const auto& [name, value] : body.items())
        if (std::ranges::find(members, name) == members.end())
            throw UsageError(
                std::format("the request's body has a member '{}', which has no meaning here", name));
    return body;
}

}  // namespace cairn::api
