#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "installer/daemon/routes.h"
#include "installer/settings/files.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/net/curl_transport.h"
#include "pkg/net/file_transport.h"
#include "tests/support/fake_helper_link.h"

namespace cairn::daemon {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeClock final : public Clock {
  public:
    std::int64_t now() const override { return time; }
    std::int64_t since_boot() const override { return boot; }
    std::atomic<std::int64_t> time = 1'800'000'000;
    std::atomic<std::int64_t> boot = 1000;
};

inline constexpr const char* schema_text = R"(
format = 1
[[setting]]
path = "network.host_name"
description = "the name of this machine"
type = "string"
pattern = "[a-z0-9-]+"
default = "cairn"
first_boot = true
[[setting]]
path = "network.mtu"
description = "bytes"
type = "integer"
min = 68
max = 9216
[[setting]]
path = "api.token"
description = "a secret"
type = "string"
secret = true
[[setting]]
path = "updates.repository"
description = "address"
type = "string"
[[setting]]
path = "updates.allow_usb"
description = "from a stick"
type = "boolean"
default = false
[[setting]]
path = "updates.check_minutes"
description = "how often"
type = "integer"
default = 60
)";

inline constexpr const char* template_text = R"(
format = 1
target = "etc/hostname"
escape = "word"
services = ["app"]
text = "{{ network.host_name }}\n"
)";

/// All routes over a made-up root and a made-up helper.
class DaemonTest : public ::testing::Test {
  protected:
    DaemonTest() {
        std::signal(SIGPIPE, SIG_IGN);  // as the program does
        write("usr/lib/cairn/release.json",
              R"({"name": "base", "version": "1.0", "architecture": "x86_64", "build_time": "2026-11-20",
                  "development_keys": true})");
        write("usr/lib/cairn/settings/test.toml", schema_text);
        write("usr/lib/cairn/templates/hostname.toml", template_text);
        write("usr/share/cairn/sbom.spdx.json",
              R"({"spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "SPDXRef-Image", "name": "base",
                  "versionInfo": "1.0"}, {"name": "zlib", "versionInfo": "1.3.0"},
                  {"name": "old", "versionInfo": "1"}]})");
        write("run/cairn/boot.json",
              R"({"slot": "a", "root_hash": "aa", "machine": "QEMU", "data": "mounted",
                  "peak_bytes": 3145728})");
        write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        write("proc/uptime", "77.12 100.00\n");
        write("proc/self/statm", "1000 250 1 1 1 1 1\n");
        write("proc/sys/kernel/osrelease", "6.12.1\n");
        write("proc/sys/kernel/random/boot_id", "boot-1\n");
        make_directories(root() / "run/cairn/daemon");
        helper_.set("state", [this](auto&&...) { return state_; });
        helper_.set_result("apply_settings", {{"files", {"etc/hostname"}}, {"services", {"app"}}});
    }

    void SetUp() override { start(); }

    /// Also again: as a daemon that was restarted.
    void start() {
        router_.reset();
        updates_.reset();
        settings_.reset();
        schema_ = settings::read_schema(root() / "usr/lib/cairn/settings");
        store_.emplace(root() / "var/lib/cairn/settings");
        transactions_.emplace(root() / "var/lib/cairn/settings", *store_, schema_);
        settings_.emplace(device_, *store_, *transactions_, schema_,
                          settings::read_templates(root() / "usr/lib/cairn/templates", schema_),
                          root() / "run/cairn/daemon");
        updates_ = std::make_unique<UpdateControl>(
            device_, UpdatePowers{.transport = transport_,
                                  .settings = [this] { return settings_->effective(); },
                                  .choose = [this](const OfferRequest& request) { return choose_(request); },
                                  .memory = root() / "var/lib/cairn/updates.json",
                                  .metadata_time = std::chrono::seconds(2)});
        router_ = std::make_unique<Router>();
        add_os_routes(*router_, device_, reports_);
        add_health_routes(*router_, reports_);
        add_settings_routes(*router_, *settings_, *store_, schema_);
        add_transaction_routes(*router_, *settings_);
        add_update_routes(*router_, *updates_);
        add_reset_routes(*router_, device_);
        add_service_routes(*router_, device_, reports_);
        add_log_routes(*router_, device_, *settings_, *updates_, reports_);
        add_metrics_routes(*router_, device_, *updates_, reports_);
        add_console_routes(*router_, device_);
    }

    fs::path root() const { return place_.path() / "root"; }
    void write(const std::string& path, std::string_view content) const {
        make_directories((root() / path).parent_path());
        write_file(root() / path, content);
    }

    api::Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
                    api::Role role = api::Role::admin) {
        const std::size_t mark = target.find('?');
        api::Request request{.method = method,
                             .path = target.substr(0, mark),
                             .body = body,
                             .caller = {.role = role, .name = "tester"}};
        if (mark != std::string::npos)
            for (const std::string& pair : split(target.substr(mark + 1), '&'))
                request.query[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
        return router_->handle(request);
    }
    /// The body of an answer that must have this status.
    Json json(const std::string& method, const std::string& target, const std::string& body = "",
              int status = 200) {
        const api::Answer answer = ask(method, target, body);
        EXPECT_EQ(answer.status, status) << method << ' ' << target << ": " << answer.body;
        return answer.body.empty() ? Json() : Json::parse(answer.body);
    }
    std::string message(const std::string& method, const std::string& target, const std::string& body,
                        int status) {
        return json(method, target, body, status).at("error").at("message");
    }
    static std::string read_all(const api::Answer& answer) {
        std::string text;
        EXPECT_TRUE(answer.stream([&](std::string_view bytes) {
            text += bytes;
            return true;
        }));
        return text;
    }
    std::vector<std::string> take_events() {
        const std::scoped_lock lock(events_mutex_);
        return std::exchange(events_, {});
    }

    // In memory: stores and metadata are synced file by file.
    TemporaryDirectory place_{fs::is_directory("/dev/shm") ? "/dev/shm" : ""};
    FakeClock clock_;
    cairn::testing::FakeHelperLink helper_;
    Json state_ = cairn::testing::make_idle_state();
    std::mutex events_mutex_;
    std::vector<std::string> events_;
    Device device_{.root = root(),
                   .clock = clock_,
                   .helper = helper_,
                   .publish = [this](std::string_view event, const Json&) {
                       const std::scoped_lock lock(events_mutex_);
                       if (events_.empty() || events_.back() != event) events_.emplace_back(event);
                   }};
    Json services_ = {{"services",
                       {{{"name", "app"},
                         {"state", "up"},
                         {"pid", 7},
                         {"since", 1},
                         {"restarts", 2},
                         {"last_exit", nullptr},
                         {"crashes", Json::array()}}}}};
    Json health_ = {{"status", "good"},
                    {"boot_confirmed", true},
                    {"deadline_seconds_left", nullptr},
                    {"checks", Json::array()}};
    Reports reports_{.health = [this] { return health_; },
                     .services = [this] { return services_; },
                     .events = [] { return api::Answer{.content_type = "text/event-stream"}; },
                     .api_fingerprint = [] { return std::optional<std::string>(); }};
    /// The newest version by letters; enough where the rules are not the subject.
    ChooseOffer choose_ = [](const OfferRequest& request) {
        Offer offer;
        for (const auto& [version, facts] : request.updates.at("versions").items())
            if (version > request.image.version && (!request.only || version == *request.only))
                offer = {.version = version, .date = facts.value("date", ""), .notes = "notes of " + version};
        return offer;
    };
    net::FileTransport files_;
    net::CurlTransport network_{{.low_speed_time = std::chrono::seconds(2),
                                 .attempts = 1,
                                 .first_delay = std::chrono::milliseconds(1)}};
    net::SchemeTransport transport_{files_, network_};

    settings::Schema schema_;
    std::optional<settings::Store> store_;
    std::optional<settings::Transactions> transactions_;
    std::optional<SettingsControl> settings_;
    std::unique_ptr<UpdateControl> updates_;
    std::unique_ptr<Router> router_;
};

}  // namespace cairn::daemon
