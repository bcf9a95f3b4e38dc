#include <algorithm>
#include <format>

#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "installer/daemon/routes.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

Answer restart(const std::string& name, const Request& request, const Device& device,
               const Reports& reports) {
    api::parse_body(request, {});
    const Json known = reports.services();
    const bool is_known = std::ranges::any_of(
        known.at("services"), [&](const Json& service) { return text_of(service, "name") == name; });
    if (!is_known)
        throw api::NotFound(std::format("there is no service '{}'", name)).hint("GET /services lists them");
    device.helper.call("restart_service", {{"name", name}});
    return api::make_json_answer(Json::object());
}

/// The machine's id must be given, so that nobody resets another machine than the one that is meant.
Answer reset_data(const Request& request, const Device& device) {
    const Json body = api::parse_body(request, {"confirm"});
    const std::string id = read_text(device.root / "etc/machine-id");
    if (id.empty() || text_of(body, "confirm") != id)
        throw UsageError("resetting the data needs the machine's id in 'confirm'")
            .hint("machine_id in GET /os; everything on the data partition will be lost");
    device.helper.call("reset_data", Json::object());
    return api::make_json_answer(Json::object());
}

}  // namespace

void add_service_routes(Router& router, const Device& device, const Reports& reports) {
    router.add("GET", "/services", Role::reader,
               [&reports](const Request&, auto&) { return api::make_json_answer(reports.services()); });
    router.add("POST", "/services/{name}/restart", Role::operator_,
               [&device, &reports](const Request& request, const std::string& name) {
                   return restart(name, request, device, reports);
               });
}

void add_reset_routes(Router& router, const Device& device) {
    router.add("POST", "/actions/reset-data", Role::admin,
               [&device](const Request& request, auto&) { return reset_data(request, device); });
}

}  // namespace cairn::daemon
