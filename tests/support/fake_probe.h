#pragma once

#include <map>
#include <string>
#include <utility>

#include "installer/health/check.h"

namespace cairn::health {

/// A machine that is well, until a test changes what it answers.
class FakeProbe : public Probe {
  public:
    services::ServiceList services = {.services = {{.name = "app", .state = services::ServiceState::up},
                                                   {.name = "klog", .state = services::ServiceState::up}},
                                      .have_all_been_up = true};
    std::map<std::string, std::string> logs = {};
    HttpAnswer api = {.status = 200};
    std::map<std::string, HttpAnswer> pages = {};           // by "host:port/path"
    std::map<std::string, std::string> refused = {};        // by "host:port": why
    std::map<std::string, ProgramResult> programs = {};     // by path
    std::map<std::string, std::chrono::seconds> ages = {};  // by path
    std::optional<std::string> settings_problem = {};
    std::optional<std::string> root_damage = {};

    services::ServiceList read_services() override { return services; }
    std::string read_log_end(const std::string& service) override { return logs[service]; }
    HttpAnswer ask_http(const HttpStatus& check) override {
        const auto page = pages.find(check.host + ":" + std::to_string(check.port) + check.path);
        return page == pages.end() ? HttpAnswer{.why = "refused"} : page->second;
    }
    HttpAnswer ask_api() override { return api; }
    std::optional<std::string> connect_tcp(const TcpConnects& check) override {
        const auto why = refused.find(check.host + ":" + std::to_string(check.port));
        return why == refused.end() ? std::nullopt : std::optional(why->second);
    }
    ProgramResult run(const std::filesystem::path& program) override { return programs[program]; }
    std::optional<std::chrono::seconds> find_age(const std::filesystem::path& path) override {
        const auto age = ages.find(path);
        return age == ages.end() ? std::nullopt : std::optional(age->second);
    }
    std::optional<std::string> find_settings_problem() override { return settings_problem; }
    std::optional<std::string> find_root_damage() override { return root_damage; }
};

}  // namespace cairn::health
