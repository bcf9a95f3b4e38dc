#pragma once

#include <cstdint>
#include <string>

#include "installer/api/request.h"
#include "installer/daemon/settings_control.h"
#include "installer/settings/difference.h"
#include "installer/settings/schema.h"

/// Settings as the API shows them (`installer/api/openapi.yaml`, "schemas").
namespace cairn::daemon {

Json to_json(const settings::Setting& setting);
Json to_json(const settings::HistoryEntry& entry);
Json to_json(const settings::Difference& difference);
Json to_json(const settings::Violation& violation);
/// `since_boot`: now.
Json to_json(const SettingsTry& tried, std::int64_t since_boot);
Json to_json(const Applied& applied, std::int64_t since_boot);

/// The transaction that a request names: "default" when it names none.
std::string find_transaction(const api::Request& request);
/// Who is noted for a change: "admin 'laptop'".
std::string describe(const api::Caller& caller);

}  // namespace cairn::daemon
