#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/daemon/device_files.h"
#include "installer/daemon/metrics_text.h"
#include "installer/daemon/routes.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

using Type = MetricsText::Type;

double read_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return static_cast<double>(number);
}

void add_machine(MetricsText& metrics, const std::filesystem::path& root) {
    const Json release = read_object(root / layout::paths::release);
    metrics.begin("cairn_build_info", Type::gauge, "What runs; the value is always 1.")
        .add(1, {{"name", text_of(release, "name")},
                 {"version", text_of(release, "version")},
                 {"architecture", text_of(release, "architecture")}});
    metrics.begin("cairn_uptime_seconds", Type::gauge, "Time since the machine started.")
        .add(read_number(read_text(root / "proc/uptime")));
    const auto words = split_words(read_text(root / "proc/self/statm"));
    if (words.size() > 1)
        metrics.begin("cairn_daemon_resident_bytes", Type::gauge, "Memory of the API's daemon.")
            .add(read_number(words[1]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    const Json boot = read_object(below(root, layout::paths::boot_report));
    metrics.begin("cairn_init_peak_bytes", Type::gauge, "The most memory that the first process had.")
        .add(static_cast<double>(number_of(boot, layout::boot_report::peak_bytes)));
    struct statvfs space = {};
    if (statvfs((root / "var").c_str(), &space) != 0) return;
    const double block = static_cast<double>(space.f_frsize);
    metrics.begin("cairn_data_size_bytes", Type::gauge, "Size of the data partition.")
        .add(static_cast<double>(space.f_blocks) * block);
    metrics.begin("cairn_data_available_bytes", Type::gauge, "Room left on the data partition.")
        .add(static_cast<double>(space.f_bavail) * block);
}

void add_updates(MetricsText& metrics, const Json& status) {
    const std::string state = text_of(status, "update_state");
    metrics.begin("cairn_update_state", Type::gauge,
                  "How far an update has come: 1 for the state that holds.");
    for (const char* const one : {"Idle", "Available", "Staged", "Ready"})
        metrics.add(state == one ? 1 : 0, {{"state", one}});
    if (status.contains("last_refresh") && !status["last_refresh"].is_null())
        metrics
            .begin("cairn_last_refresh_timestamp_seconds", Type::gauge,
                   "When the repository was last read and verified.")
            .add(static_cast<double>(number_of(status, "last_refresh")));
    metrics.begin("cairn_denied_versions", Type::gauge, "Versions that are not offered again.")
        .add(static_cast<double>(status.value("denied", Json::array()).size()));
}

void add_services(MetricsText& metrics, const Json& services) {
    metrics.begin("cairn_service_up", Type::gauge, "1 when the service runs and is ready.");
    for (const Json& service : services.at("services"))
        metrics.add(text_of(service, "state") == "up" ? 1 : 0, {{"service", text_of(service, "name")}});
    metrics.begin("cairn_service_restarts_total", Type::counter, "How often it was started again.");
    for (const Json& service : services.at("services"))
        metrics.add(static_cast<double>(number_of(service, "restarts")),
                    {{"service", text_of(service, "name")}});
}

void add_health(MetricsText& metrics, const Json& health) {
    metrics.begin("cairn_boot_good", Type::gauge, "1 when this boot was found good.")
        .add(is_true(health, "boot_confirmed") ? 1 : 0);
    metrics.begin("cairn_healthy", Type::gauge, "1 when all checks hold now.")
        .add(text_of(health, "status") == "good" ? 1 : 0);
}

void add_requests(MetricsText& metrics, const Router& router) {
    metrics.begin("cairn_api_requests_total", Type::counter, "Requests that were answered.");
    for (const auto& [key, count] : router.counts())
        metrics.add(static_cast<double>(count),
                    {{"method", key.first}, {"status", std::to_string(key.second)}});
}

}  // namespace

void add_metrics_routes(Router& router, const Device& device, UpdateControl& updates,
                        const Reports& reports) {
    router.add("GET", "/metrics", api::Role::reader,
               [&router, &device, &updates, &reports](const api::Request&, auto&) {
                   MetricsText metrics;
                   add_machine(metrics, device.root);
                   add_updates(metrics, updates.status());
                   add_services(metrics, reports.services());
                   add_health(metrics, reports.health());
                   add_requests(metrics, router);
                   return api::Answer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                      .body = metrics.text()};
               });
}

}  // namespace cairn::daemon
