#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pkg/base/json.h"

/// What must hold for a boot to be good: a value, made from the settings and the image, carried out by
/// check_health.
namespace cairn::health {

// ---- what every system is asked

struct ServicesUp {  // all services are up, and none keeps ending
    friend bool operator==(const ServicesUp&, const ServicesUp&) = default;
};
struct ApiAnswers {  // the device API answers on its socket
    friend bool operator==(const ApiAnswers&, const ApiAnswers&) = default;
};
struct SettingsReadable {  // nothing is noted against them in /run/cairn/settings/problem
    friend bool operator==(const SettingsReadable&, const SettingsReadable&) = default;
};

struct RootIntact {  // no block of the root was found that is not what it was signed as
    friend bool operator==(const RootIntact&, const RootIntact&) = default;
};

// ---- what the image and the settings add

struct ProgramSucceeds {  // one in /usr/lib/cairn/health.d
    std::filesystem::path program;
    friend bool operator==(const ProgramSucceeds&, const ProgramSucceeds&) = default;
};
/// How long one check waits for the network.
inline constexpr std::chrono::seconds usual_patience{5};

struct HttpStatus {  // plain HTTP, without TLS
    std::string host;
    std::uint16_t port = 80;
    std::string path = "/";
    int status = 200;
    std::chrono::seconds patience = usual_patience;
    friend bool operator==(const HttpStatus&, const HttpStatus&) = default;
};
struct TcpConnects {
    std::string host;
    std::uint16_t port = 0;
    std::chrono::seconds patience = usual_patience;
    friend bool operator==(const TcpConnects&, const TcpConnects&) = default;
};
struct ServiceUp {
    std::string service;
    friend bool operator==(const ServiceUp&, const ServiceUp&) = default;
};
struct FileAge {  // written at most so long ago
    std::filesystem::path path;
    std::chrono::seconds most{0};
    friend bool operator==(const FileAge&, const FileAge&) = default;
};
/// A check that the settings describe wrongly: it never holds. It must not be left out silently, nor keep the
/// others from being asked.
struct Misdescribed {
    std::string why;
    friend bool operator==(const Misdescribed&, const Misdescribed&) = default;
};

using Condition = std::variant<ServicesUp, ApiAnswers, SettingsReadable, RootIntact, ProgramSucceeds,
                               HttpStatus, TcpConnects, ServiceUp, FileAge, Misdescribed>;

struct Check {
    std::string name;  // of the program, or in the settings; else what it is about
    Condition condition;
};
/// "services", "api", "settings", "root", "program", "http", "tcp", "service", "file_age" or "setting"
/// (misdescribed)
std::string_view kind_of(const Condition& condition);

inline constexpr std::chrono::seconds usual_deadline{180};

struct HealthPlan {
    std::vector<Check> checks;
    /// From the start of the boot; what is on trial and not good by then has failed.
    std::chrono::seconds deadline = usual_deadline;
};

/// `settings` are all that are set, and defaults; those below "health" count here (README.md has the fields).
/// Programs are looked for below `root`; those that cannot be executed are none.
HealthPlan plan_health(const Json& settings, const std::filesystem::path& root = "/");

}  // namespace cairn::health
