#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "installer/helper/session.h"
#include "installer/settings/apply.h"
#include "installer/update/device.h"
#include "pkg/base/json.h"

namespace cairn::helper {

/// What the verbs work on. The functions are powers over the rest of the machine.
struct Powers {
    update::Device device;
    settings::ApplyRequest settings;  // its values and occasion are set by the verb
    /// Has the supervisor end and start a service; throws api::NotFound.
    std::function<void(const std::string& name)> restart_service;
    /// One line for this program's log.
    std::function<void(const std::string& text)> say;
};

/// The verbs of installer/api/HELPER.md. `serve` may be called from many threads.
class Verbs {
  public:
    explicit Verbs(Powers powers) : powers_(std::move(powers)) {}

    /// Carries out one request and gives its result. Every argument is checked first; what it may not have is
    /// refused. Throws api::Busy when it would change what another one is changing.
    Json serve(const Json& request, Session& session);

  private:
    using Verb = Json (Verbs::*)(const Json& request, Session& session);
    enum class Locks { nothing, update };
    struct Entry {
        const char* name;
        Verb verb;
        Locks locks;
    };
    static const Entry entries[];

    Json state(const Json& request, Session& session);
    Json prepare(const Json& request, Session& session);
    Json activate(const Json& request, Session& session);
    Json deactivate(const Json& request, Session& session);
    Json rollback(const Json& request, Session& session);
    Json reboot(const Json& request, Session& session);
    Json clear_denied(const Json& request, Session& session);
    Json reached(const Json& request, Session& session);
    Json confirm(const Json& request, Session& session);
    Json fail_boot(const Json& request, Session& session);
    Json judge(const Json& request, Session& session);
    Json apply_settings(const Json& request, Session& session);
    Json reset_data(const Json& request, Session& session);
    Json restart_service(const Json& request, Session& session);

    std::vector<std::string> restart_services(const std::vector<std::string>& names);
    void try_settings_of(const std::filesystem::path& root);
    void take_settings_back(const std::string& version);
    void restart(const std::string& reason);

    Powers powers_;
    std::mutex update_;    // what changes slots, ESP and deny list
    std::mutex settings_;  // what changes /etc
};

}  // namespace cairn::helper
