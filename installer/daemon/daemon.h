#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "installer/api/helper_link.h"
#include "installer/daemon/api_clients.h"
#include "installer/daemon/cage.h"
#include "installer/daemon/clock.h"
#include "installer/daemon/event_hub.h"
#include "installer/daemon/health_loop.h"
#include "installer/daemon/http_server.h"
#include "installer/daemon/peer.h"
#include "installer/daemon/router.h"
#include "installer/daemon/routes.h"
#include "installer/daemon/settings_control.h"
#include "installer/daemon/update_control.h"
#include "installer/health/system_probe.h"
#include "installer/settings/image.h"
#include "pkg/net/curl_transport.h"
#include "pkg/net/file_transport.h"

namespace cairn::daemon {

struct DaemonOptions {
    std::filesystem::path root = "/";
    std::filesystem::path socket = "/run/cairn/daemon/api.sock";
    std::filesystem::path helper = "/run/cairn/helper.sock";
    GroupRoles groups = {};
};

/// What the daemon may reach: everything of the image and what the system tells, to read; its own folders, to
/// write. Makes those of its folders that are missing.
CagePlan plan_cage(const DaemonOptions& options, std::optional<CagePlan::Identity> identity);

/// The whole of `cairnd`, put together. Serves from construction to destruction.
///
/// Threads beside those of the server: one judges this boot, one looks for updates; whoever owns this calls
/// tick() once a second.
class Daemon {
  public:
    /// Throws when the settings cannot be opened or the socket cannot be listened on.
    explicit Daemon(const DaemonOptions& options);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon();

    /// Ends tries whose time is up, tells of services, and has the TLS port follow the settings.
    void tick();

  private:
    void tell_fingerprint(const std::filesystem::path& folder) const;
    void add_routes();
    ServerOptions make_server_options(const GroupRoles& groups);
    void run_health();
    void run_updates();
    bool wait_for_end(std::chrono::milliseconds time);
    void obey(const Json& settings);
    void follow_tls();
    void tell_of_services();

    // In the order of their dependencies: what stands above outlives what stands below.
    SystemClock clock_;
    api::SocketHelperLink helper_;
    net::CurlTransport network_;
    net::FileTransport files_;
    net::SchemeTransport transport_{files_, network_};
    EventHub hub_;
    Device device_;
    settings::ImageSettings image_;
    settings::Store store_;
    settings::Transactions transactions_;
    SettingsControl settings_;
    UpdateControl updates_;
    health::SystemProbe probe_;
    HealthLoop health_;
    ApiClients clients_;
    std::optional<crypto::TlsIdentity> identity_;
    std::string fingerprint_;
    Reports reports_;
    Router router_;
    Server server_;

    struct TlsPlace {
        std::string address;
        std::uint16_t port = 0;
        bool operator==(const TlsPlace&) const = default;
    };
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_ending_ = false;               // guarded by mutex_
    std::optional<TlsPlace> wanted_tls_;   // guarded by mutex_
    std::optional<TlsPlace> current_tls_;  // of tick()
    Json last_services_;                   // of tick()
    std::thread health_thread_;
    std::thread update_thread_;
};

}  // namespace cairn::daemon
