#include "installer/daemon/daemon.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <format>
#include <print>

#include "installer/daemon/device_files.h"
#include "installer/daemon/offer.h"
#include "installer/daemon/server_identity.h"
#include "installer/daemon/services_json.h"
#include "installer/health/plan.h"
#include "installer/settings/places.h"
#include "installer/settings/values.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view run_folder = "run/cairn/daemon";
constexpr std::string_view state_folder = "var/lib/cairn/daemon";
constexpr std::string_view tls_folder = "var/lib/cairn/identity/tls";
constexpr std::array<std::string_view, 6> own_folders = {run_folder,
                                                         state_folder,
                                                         tls_folder,
                                                         "var/lib/cairn/tuf",
                                                         "var/lib/cairn/settings",
                                                         "var/lib/cairn/update/targets"};
constexpr std::chrono::milliseconds health_pause{2000};
constexpr std::chrono::milliseconds update_pause{1000};

settings::Places places_of(const fs::path& root) {
    return settings::Places::below(root);
}

/// Seconds that local time is ahead.
std::int64_t find_utc_offset(std::int64_t now) {
    const time_t time = now;
    tm local = {};
    return localtime_r(&time, &local) == nullptr ? 0 : local.tm_gmtoff;
}

/// 0, the first of all, where it is not there: a machine that keeps nothing takes no update anyway.
std::uint32_t read_wave_seed(const fs::path& root) {
    const std::string text = read_text(root / "var/lib/cairn/identity/wave-seed");
    std::uint32_t seed = 0;
    std::from_chars(text.data(), text.data() + text.size(), seed);
    return seed;
}

template <class Value>
Value value_at(const Json& settings, std::string_view path, Value otherwise) {
    const Json* const value = settings::find_value(settings, path);
    return value == nullptr ? otherwise : value->get<Value>();
}

}  // namespace

CagePlan plan_cage(const DaemonOptions& options, std::optional<CagePlan::Identity> identity) {
    CagePlan plan = {.identity = identity, .readable = {}, .writable = {}, .programs = {}};
    for (const char* const readable : {"usr", "etc", "proc", "sys", "run", "var", "dev"})
        plan.readable.push_back(options.root / readable);
    for (const std::string_view folder : own_folders) {
        const fs::path path = options.root / folder;
        if (!fs::exists(path)) {
            make_directories(path);
            if (identity && chown(path.c_str(), identity->user, identity->group) != 0)
                throw SystemError(std::format("cannot give '{}' to its user", path.string()));
        }
        plan.writable.push_back(path);
    }
    plan.programs.push_back(options.root / "usr");  // health.d, and what its programs call
    return plan;
}

Daemon::Daemon(const DaemonOptions& options)
    : helper_(options.helper),
      device_{.root = options.root,
              .clock = clock_,
              .helper = helper_,
              .publish = [this](std::string_view event, const Json& data) { hub_.publish(event, data); }},
      image_(settings::read_image_settings(places_of(options.root).image)),
      store_(places_of(options.root).store_of(image_.format)),
      transactions_(places_of(options.root).store_of(image_.format), store_, image_.schema),
      settings_(device_, store_, transactions_, image_.schema, image_.templates, options.root / run_folder),
      updates_(device_, {.transport = transport_,
                         .settings = [this] { return settings_.effective(); },
                         .choose =
                             [this](const OfferRequest& request) {
                                 return choose_offer(request, read_wave_seed(device_.root),
                                                     find_utc_offset(request.now));
                             },
                         .memory = options.root / state_folder / "updates.json"}),
      probe_({.root = options.root, .api_socket = options.socket}),
      health_(device_, {.plan = [this] { return health::plan_health(settings_.effective(), device_.root); },
                        .probe = probe_,
                        .on_judged = [this] { updates_.forget_state(); }}),
      server_(make_server_options(options.groups), router_) {
    try {
        identity_ = read_or_make_server_identity(options.root / tls_folder);
        fingerprint_ = crypto::key_fingerprint(identity_->certificate_pem).to_hex();
    } catch (const std::exception& error) {
        std::println(stderr, "there is no key for TLS: {}", error.what());
    }
    tell_fingerprint(options.root / run_folder);
    add_routes();
    settings_.on_effect([this](const Json& settings) { obey(settings); });
    obey(settings_.effective());
    follow_tls();
    server_.listen_on_socket(options.socket);
    health_thread_ = std::thread([this] { run_health(); });
    update_thread_ = std::thread([this] { run_updates(); });
}

Daemon::~Daemon() {
    {
        const std::scoped_lock lock(mutex_);
        is_ending_ = true;
    }
    ended_.notify_all();
    hub_.close();
    updates_.stop();  // a request may be waiting for the network
    server_.stop();
    health_thread_.join();
    update_thread_.join();
}

/// For who shows it on the consoles; the key serves without that too.
void Daemon::tell_fingerprint(const fs::path& folder) const {
    try {
        if (!fingerprint_.empty()) replace_file(folder / "fingerprint", fingerprint_ + "\n", 0644);
    } catch (const std::exception& error) {
        std::println(stderr, "the consoles cannot show the key's fingerprint: {}", error.what());
    }
}

void Daemon::add_routes() {
    reports_ = {.health = [this] { return health_.report(); },
                .services = [this] { return to_json(services::read_services(device_.root)); },
                .events = [this] { return hub_.open_stream(); },
                .api_fingerprint = [this]() -> std::optional<std::string> {
                    return fingerprint_.empty() ? std::nullopt : std::optional(fingerprint_);
                }};
    add_os_routes(router_, device_, reports_);
    add_health_routes(router_, reports_);
    add_settings_routes(router_, settings_, store_, image_.schema);
    add_transaction_routes(router_, settings_);
    add_update_routes(router_, updates_);
    add_reset_routes(router_, device_);
    add_service_routes(router_, device_, reports_);
    add_log_routes(router_, device_, settings_, updates_, reports_);
    add_metrics_routes(router_, device_, updates_, reports_);
    add_console_routes(router_, device_);
}

ServerOptions Daemon::make_server_options(const GroupRoles& groups) {
    ServerOptions options;
    options.groups = groups;
    options.http.role_of = [this](const std::string& method, const std::string& path) {
        return router_.role_of(method, path);
    };
    options.http.on_failure = [](const std::string& line) { std::println(stderr, "{}", line); };
    options.find_client = [this](const crypto::Hash& key) { return clients_.find(key); };
    return options;
}

void Daemon::tick() {
    try {
        settings_.tick();
        follow_tls();
        tell_of_services();
    } catch (const std::exception& error) {
        std::println(stderr, "{}", error.what());
    }
}

// ---- threads

bool Daemon::wait_for_end(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, time, [this] { return is_ending_; });
}

void Daemon::run_health() {
    do {
        health_.step();
    } while (!wait_for_end(health_pause));
}

/// A refresh waits for the network: nothing else is done here.
void Daemon::run_updates() {
    while (!wait_for_end(update_pause)) {
        try {
            updates_.tick();
        } catch (const std::exception& error) {
            std::println(stderr, "{}", error.what());
        }
    }
}

// ---- the daemon's own settings

/// Clients at once: who was removed is out. The port in tick(): to move it ends its connections, and one of
/// them may be waiting for the answer to this very change.
void Daemon::obey(const Json& settings) {
    clients_.set(settings);
    const std::scoped_lock lock(mutex_);
    wanted_tls_.reset();
    if (value_at(settings, "api.tls_enabled", false))
        wanted_tls_ = TlsPlace{.address = value_at<std::string>(settings, "api.tls_address", "::"),
                               .port = value_at<std::uint16_t>(settings, "api.tls_port", 8443)};
}

void Daemon::follow_tls() {
    std::optional<TlsPlace> wanted;
    {
        const std::scoped_lock lock(mutex_);
        wanted = wanted_tls_;
    }
    if (wanted == current_tls_ || !identity_) return;
    current_tls_ = wanted;  // what cannot be listened on is not tried each second
    if (!wanted) return server_.set_tls(std::nullopt);
    with_context("offering the API over TLS", [&] {
        server_.set_tls(TlsPort{.address = wanted->address,
                                .port = wanted->port,
                                .identity = {.key_pem = crypto::SecretBytes(identity_->key_pem.span()),
                                             .certificate_pem = identity_->certificate_pem}});
    });
    std::println(stderr, "the API is offered over TLS on port {}", server_.tls_port());
}

void Daemon::tell_of_services() {
    Json services = reports_.services();
    if (services == last_services_) return;
    last_services_ = services;
    hub_.publish("services", services);
}

}  // namespace cairn::daemon
