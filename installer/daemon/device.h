#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "installer/api/helper_link.h"
#include "installer/daemon/clock.h"
#include "pkg/base/json.h"

namespace cairn::daemon {

/// Tells everybody who listens to GET /events.
using Publish = std::function<void(std::string_view event, const Json& data)>;

/// What all paths work with. All of it is borrowed and lives as long as they do; tests give a made-up root,
/// clock and helper.
struct Device {
    std::filesystem::path root;
    const Clock& clock;
    api::HelperLink& helper;
    Publish publish;
};

}  // namespace cairn::daemon
