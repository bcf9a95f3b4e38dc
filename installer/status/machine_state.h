#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "installer/services/services.h"

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

/// The file system of /var.
struct Room {
    Amount amount;
    bool is_read_only = false;  // the kernel makes it so when it finds it damaged
    friend bool operator==(const Room&, const Room&) = default;
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
    bool has_development_keys = false;  // anybody can sign for this image
    std::string slot;                   // "a" or "b"
    std::string root_hash;              // 64 hexadecimal digits
    bool is_on_trial = false;
    std::string data;  // "mounted", "made" or "failed"
    std::string data_error = {};
    std::optional<Room> data_room = {};
    std::vector<NetworkInterface> interfaces = {};
    std::string api_fingerprint = {};  // of the API's key, 64 hexadecimal digits; empty while it has none
    services::ServiceList services = {};
    Amount memory = {};
    std::chrono::minutes uptime = {};
    std::chrono::sys_seconds now = {};
    friend bool operator==(const MachineState&, const MachineState&) = default;
};

/// Reads what is known below `root`: /run/cairn, /proc, /sys, the release and the services. Network and clock
/// are no files: see find_interfaces.
MachineState read_machine_state(const std::filesystem::path& root = "/");

/// All interfaces of the running system but the loopback one.
std::vector<NetworkInterface> find_interfaces();

}  // namespace cairn::status
