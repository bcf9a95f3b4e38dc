#include <format>

#include "installer/daemon/routes.h"
#include "installer/daemon/settings_json.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

bool is_asked(const Request& request, const std::string& name) {
    const auto found = request.query.find(name);
    if (found == request.query.end() || found->second == "false") return false;
    if (found->second != "true")
        throw UsageError(std::format("'{}' is '{}': neither true nor false", name, found->second));
    return true;
}

std::vector<std::string> read_paths(const Request& request) {
    const auto found = request.query.find("paths");
    if (found == request.query.end() || found->second.empty()) return {};
    return split(found->second, ',');
}

Answer get_settings(const Request& request, const SettingsControl& control) {
    using Which = SettingsControl::Which;
    return api::make_json_answer(
        control.show(is_asked(request, "set") ? Which::set : Which::effective, read_paths(request)));
}

Answer get_schema(const settings::Schema& schema) {
    Json all = Json::object();
    for (const auto& [path, setting] : schema.settings()) all[path] = to_json(setting);
    return api::make_json_answer(all);
}

Answer get_history(const settings::Store& store) {
    Json entries = Json::array();
    for (const settings::HistoryEntry& entry : store.history()) entries.push_back(to_json(entry));
    return api::make_json_answer({{"current", store.current()}, {"entries", entries}});
}

std::optional<std::uint64_t> find_version(const Json& body) {
    const auto found = body.find("version");
    if (found == body.end()) return std::nullopt;
    if (!found->is_number_unsigned()) throw UsageError("'version' is no number of a version");
    return found->get<std::uint64_t>();
}

}  // namespace

void add_settings_routes(Router& router, SettingsControl& control, const settings::Store& store,
                         const settings::Schema& schema) {
    router.add("GET", "/settings", Role::reader,
               [&control](const Request& request, auto&) { return get_settings(request, control); });
    router.add("PATCH", "/settings", Role::admin, [&control](const Request& request, auto&) {
        control.patch(find_transaction(request), api::parse_body(request));
        return Answer{.status = 204};
    });
    router.add("GET", "/settings/schema", Role::reader,
               [&schema](const Request&, auto&) { return get_schema(schema); });
    router.add("GET", "/settings/history", Role::reader,
               [&store](const Request&, auto&) { return get_history(store); });
    router.add("POST", "/settings/undo", Role::admin, [&control](const Request& request, auto&) {
        const Json body = api::parse_body(request, {"version"});
        return api::make_json_answer(
            to_json(control.undo(find_version(body), describe(request.caller)), control.now_since_boot()));
    });
}

}  // namespace cairn::daemon
