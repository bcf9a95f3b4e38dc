#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "installer/health/plan.h"
#include "installer/services/services.h"

/// Carrying a plan out, once.
namespace cairn::health {

struct CheckResult {
    std::string name;
    std::string kind;
    bool is_ok = false;
    std::string message;  // what was found, in words
    std::string output;   // what a program printed, or the last lines of a service's log; only when it failed
    friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

struct HealthReport {
    std::vector<CheckResult> checks;
    bool is_good() const;
    /// The names and messages of what failed, their output below; "" when nothing did. For the boot record
    /// and people, at most 4096 bytes.
    std::string cause() const;
    friend bool operator==(const HealthReport&, const HealthReport&) = default;
};

/// The powers that checks need. Each verb ends by itself within seconds, and needs no rights. What
/// cannot be done is an answer here, not an error: it is why a check failed.
class Probe {
  public:
    virtual ~Probe() = default;

    virtual services::ServiceList read_services() = 0;
    virtual std::string read_log_end(const std::string& service) = 0;

    struct HttpAnswer {
        std::optional<int> status = {};
        std::string why = {};  // when there is none
    };
    virtual HttpAnswer ask_http(const HttpStatus& check) = 0;
    /// Of the device API, on its socket.
    virtual HttpAnswer ask_api() = 0;
    /// Why no connection came about; empty: it did.
    virtual std::optional<std::string> connect_tcp(const TcpConnects& check) = 0;

    struct ProgramResult {
        std::optional<int> status =
            {};                   // exit code, or 128 + signal; empty: it was ended for taking too long
        std::string output = {};  // the last 2048 bytes
    };
    virtual ProgramResult run(const std::filesystem::path& program) = 0;

    /// Empty: there is no such file, or it cannot be looked at.
    virtual std::optional<std::chrono::seconds> find_age(const std::filesystem::path& path) = 0;
    /// What is noted against the settings of this boot; empty: nothing.
    virtual std::optional<std::string> find_settings_problem() = 0;
    /// What the kernel said in this boot about blocks of the root that do not verify; empty: nothing.
    virtual std::optional<std::string> find_root_damage() = 0;
};

HealthReport check_health(const HealthPlan& plan, Probe& probe);

}  // namespace cairn::health
