#include <format>

#include "installer/daemon/routes.h"
#include "installer/daemon/settings_json.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

constexpr std::int64_t longest_try = 86'400;

std::optional<std::int64_t> find_try_seconds(const Request& request) {
    const Json body = api::parse_body(request, {"try_seconds"});
    const auto found = body.find("try_seconds");
    if (found == body.end()) return std::nullopt;
    if (!found->is_number_unsigned() || *found == 0 || *found > longest_try)
        throw UsageError(
            std::format("'try_seconds' is {}: not a number from 1 to {}", found->dump(), longest_try));
    return found->get<std::int64_t>();
}

Answer get_transaction(const std::string& tx, const SettingsControl& control) {
    const SettingsControl::Outcome outcome = control.preview(tx);
    Json differences = Json::array();
    for (const settings::Difference& difference : outcome.preview.differences)
        differences.push_back(to_json(difference));
    Json violations = Json::array();
    for (const settings::Violation& violation : outcome.preview.violations)
        violations.push_back(to_json(violation));
    return api::make_json_answer({{"tx", tx},
                                  {"differences", differences},
                                  {"violations", violations},
                                  {"services", outcome.services}});
}

Answer list_transactions(const SettingsControl& control) {
    const std::optional<SettingsTry> tried = control.find_try();
    return api::make_json_answer({{"transactions", control.transactions()},
                                  {"try", tried ? to_json(*tried, control.now_since_boot()) : Json()}});
}

}  // namespace

void add_transaction_routes(Router& router, SettingsControl& control) {
    const auto give = [&control](const Applied& applied) {
        return api::make_json_answer(to_json(applied, control.now_since_boot()));
    };
    router.add("GET", "/tx", Role::reader, [&control](const Request& request, auto&) {
        return get_transaction(find_transaction(request), control);
    });
    router.add("DELETE", "/tx", Role::admin, [&control](const Request& request, auto&) {
        control.drop(find_transaction(request));
        return Answer{.status = 204};
    });
    router.add("GET", "/tx/list", Role::reader,
               [&control](const Request&, auto&) { return list_transactions(control); });
    router.add("POST", "/tx/commit", Role::admin, [&control](const Request& request, auto&) {
        api::parse_body(request, {});
        return api::make_json_answer(
            {{"version", control.commit(find_transaction(request), describe(request.caller))}});
    });
    router.add("POST", "/tx/apply", Role::admin, [&control, give](const Request& request, auto&) {
        const auto seconds = find_try_seconds(request);
        return give(seconds ? control.try_values(find_transaction(request), *seconds) : control.apply());
    });
    router.add("POST", "/tx/commit_and_apply", Role::admin, [&control, give](const Request& request, auto&) {
        const std::string tx = find_transaction(request);
        const auto seconds = find_try_seconds(request);
        return give(seconds ? control.try_values(tx, *seconds)
                            : control.commit_and_apply(tx, describe(request.caller)));
    });
    router.add("POST", "/tx/confirm", Role::admin, [&control](const Request& request, auto&) {
        api::parse_body(request, {});
        return api::make_json_answer({{"version", control.confirm(describe(request.caller))}});
    });
}

}  // namespace cairn::daemon
