#pragma once

#include <string>

namespace cairn::helper {

/// Ends and starts a service through the supervisor (recipes/cairn-services), and waits until it runs. Throws
/// api::NotFound when there is none of this name, CommandError with the supervisor's words when it does not
/// come up. This program's own service is not restarted: nobody would hear how it went.
void restart_service(const std::string& name);

}  // namespace cairn::helper
