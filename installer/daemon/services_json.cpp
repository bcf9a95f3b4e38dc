#include "installer/daemon/services_json.h"

namespace cairn::daemon {
namespace {

constexpr std::size_t most_crashes = 5;  // of each service: the newest

Json to_json(const services::Crash& crash) {
    return {{"boot", crash.boot},
            {"time", crash.time},
            {"uptime", crash.uptime},
            {"ending", services::to_text(crash.ending)},
            {"log", crash.log}};
}

Json to_json(const services::Service& service) {
    Json crashes = Json::array();
    const std::size_t first =
        service.crashes.size() > most_crashes ? service.crashes.size() - most_crashes : 0;
    for (std::size_t index = first; index < service.crashes.size(); ++index)
        crashes.push_back(to_json(service.crashes[index]));
    return {{"name", service.name},
            {"state", services::to_text(service.state)},
            {"pid", service.pid ? Json(*service.pid) : Json()},
            {"since", service.since ? Json(*service.since) : Json()},
            {"restarts", service.restarts},
            {"last_exit", service.last_exit ? Json(services::to_text(*service.last_exit)) : Json()},
            {"crashes", crashes}};
}

}  // namespace

Json to_json(const services::ServiceList& list) {
    Json services = Json::array();
    for (const services::Service& service : list.services) services.push_back(to_json(service));
    return {{"services", services}};
}

}  // namespace cairn::daemon
