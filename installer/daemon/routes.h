#pragma once

#include <functional>
#include <optional>
#include <string>

#include "installer/daemon/device.h"
#include "installer/daemon/router.h"
#include "installer/daemon/settings_control.h"
#include "installer/daemon/update_control.h"

/// The paths of the API, a file for each noun (`routes_….cpp`): what comes in is read and checked there, the
/// work is done by who is named in the parameters, all of them borrowed. Bodies and answers are described in
/// `installer/api/openapi.yaml`.
namespace cairn::daemon {

/// What other parts of the daemon know; called for each request, from many threads.
struct Reports {
    std::function<Json()> health;                                 // the answer of GET /health
    std::function<Json()> services;                               // the answer of GET /services
    std::function<api::Answer()> events;                          // opens a stream, or answers 503
    std::function<std::optional<std::string>()> api_fingerprint;  // empty while there is no key
};

/// /os, /sbom, /attestation
void add_os_routes(Router& router, const Device& device, const Reports& reports);
/// /health, /events
void add_health_routes(Router& router, const Reports& reports);
/// /settings, /settings/…
void add_settings_routes(Router& router, SettingsControl& control, const settings::Store& store,
                         const settings::Schema& schema);
/// /tx, /tx/…
void add_transaction_routes(Router& router, SettingsControl& control);
/// /updates/status and the actions that change it
void add_update_routes(Router& router, UpdateControl& control);
/// /actions/reset-data
void add_reset_routes(Router& router, const Device& device);
/// /services, /services/{name}/restart
void add_service_routes(Router& router, const Device& device, const Reports& reports);
/// /logs
void add_log_routes(Router& router, const Device& device, SettingsControl& settings, UpdateControl& updates,
                    const Reports& reports);
/// /metrics
void add_metrics_routes(Router& router, const Device& device, UpdateControl& updates, const Reports& reports);
/// / and /static/{file}: files below /usr/share/cairn/console
void add_console_routes(Router& router, const Device& device);

}  // namespace cairn::daemon
