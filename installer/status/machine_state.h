#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What a person in front of the machine wants to know, read anew each time: from what the first process
/// noted, from the kernel, and from the services' supervisor. Nothing that is missing or garbled is an error
/// here: a status screen that ends helps nobody.
namespace cairn::status {

/// Room or memory, in bytes.
struct Amount {
    std::uint64_t available = 0;
    std::uint64_t total = 0;
    friend bool operator==(const Amount&, const Amount&) = default;
};

struct NetworkInterface {
    std::string name;
    bool has_carrier = false;
    std::vector<std::string> addresses = {};  // without link-local ones
    friend bool operator==(const NetworkInterface&, const NetworkInterface&) = default;
};

struct MachineState {
    std::string machine;  // what people call it
    std::string image;    // name; empty when unknown
    std::string version;
    std::string slot;       // "a" or "b"
    std::string root_hash;  // 64 hexadecimal digits
    bool is_on_trial = false;
    std::string data;  // "mounted", "made" or "failed"
    std::string data_error = {};
    std::optional<Amount> data_room = {};
    std::vector<NetworkInterface> interfaces = {};
    std::size_t services = 0;                     // that should run
    std::vector<std::string> services_down = {};  // that do not, or are not ready
    Amount memory = {};
    std::chrono::minutes uptime = {};
    friend bool operator==(const MachineState&, const MachineState&) = default;
};

/// Reads /run/cairn/boot.json, /proc, and the release, below `root`. Network and services are those of the
/// running system: see find_interfaces and find_services.
MachineState read_machine_state(const std::filesystem::path& root = "/");

/// All interfaces but the loopback one.
std::vector<NetworkInterface> find_interfaces();

/// Looks at each service that the supervisor (runit's, see recipes/cairn-services) has in `folder`, and sets
/// `services` and `services_down`.
void find_services(MachineState& state, const std::filesystem::path& folder = "/run/service");

}  // namespace cairn::status
