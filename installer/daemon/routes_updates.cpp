#include <format>

#include "installer/daemon/device_files.h"
#include "installer/daemon/routes.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

constexpr std::size_t longest_reason = 1024;

std::optional<std::string> find_text(const Json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end()) return std::nullopt;
    if (!found->is_string() || found->get_ref<const std::string&>().empty())
        throw UsageError(std::format("'{}' is no text", name));
    return found->get<std::string>();
}

Answer prepare(const Request& request, UpdateControl& control) {
    Answer answer =
        api::make_json_answer(control.prepare(find_text(api::parse_body(request, {"version"}), "version")));
    answer.status = 202;
    return answer;
}

Answer reboot(const Request& request, UpdateControl& control) {
    const std::string reason = find_text(api::parse_body(request, {"reason"}), "reason")
                                   .value_or(std::format("asked for by {}", request.caller.name));
    if (reason.size() > longest_reason)
        throw UsageError(std::format("'reason' is longer than {} bytes", longest_reason));
    return api::make_json_answer(control.command("reboot", {{"reason", reason}}));
}

Answer clear_denied(const Request& request, UpdateControl& control) {
    const auto version = find_text(api::parse_body(request, {"version"}), "version");
    if (!version) throw UsageError("'version' is needed").hint("GET /updates/status has the deny list");
    return api::make_json_answer(control.command("clear_denied", {{"version", *version}}));
}

}  // namespace

void add_update_routes(Router& router, UpdateControl& control) {
    router.add("GET", "/updates/status", Role::reader,
               [&control](const Request&, auto&) { return api::make_json_answer(control.status()); });
    router.add("POST", "/actions/refresh-updates", Role::operator_,
               [&control](const Request& request, auto&) {
                   api::parse_body(request, {});
                   return api::make_json_answer(control.refresh());
               });
    router.add("POST", "/actions/prepare-update", Role::operator_,
               [&control](const Request& request, auto&) { return prepare(request, control); });
    for (const char* const verb : {"activate", "deactivate", "rollback"})
        router.add("POST",
                   std::format("/actions/{}{}", verb, std::string_view(verb) == "rollback" ? "" : "-update"),
                   Role::operator_, [&control, verb](const Request& request, auto&) {
                       api::parse_body(request, {});
                       return api::make_json_answer(control.command(verb, Json::object()));
                   });
    router.add("POST", "/actions/reboot", Role::operator_,
               [&control](const Request& request, auto&) { return reboot(request, control); });
    router.add("POST", "/actions/clear-denied", Role::admin,
               [&control](const Request& request, auto&) { return clear_denied(request, control); });
}

}  // namespace cairn::daemon
