#pragma once

#include "installer/services/services.h"
#include "pkg/base/json.h"

namespace cairn::daemon {

/// As GET /services shows them (`installer/api/openapi.yaml`).
Json to_json(const services::ServiceList& list);

}  // namespace cairn::daemon
