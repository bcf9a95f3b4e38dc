#pragma once

#include <optional>
#include <string>

#include "cli/device/api.h"
#include "cli/device/known_devices.h"
#include "cli/term/columns.h"
#include "cli/term/command.h"

/// What the device client's commands share: which device is meant, and the way to it.
namespace cairn::device {

constexpr const char* default_socket = "/run/cairn/api.sock";

class Device {
  public:
    std::string host;    // --host; empty: this device
    std::string socket;  // --socket; empty: default_socket

    /// Opened when it is first asked for: some commands need no device. Throws UsageError for a host that was
    /// not paired.
    Api& api();
    KnownDevices known_devices() const { return KnownDevices(KnownDevices::default_path()); }
    term::Painting painting() const { return term::painting_of_stdout(); }
    /// " --host gate" for commands that a person is told to type.
    std::string host_words() const { return host.empty() ? "" : " --host " + host; }

  private:
    std::optional<Api> api_;
};

/// Adds `--json`; the flag lives as long as the tree.
void add_json_flag(term::Command& command, bool& is_json);

// One function for each group of commands: adds it to the tree. Options live as long as the tree.
void add_status_command(term::Command& root, Device& device);
void add_update_command(term::Command& root, Device& device);
void add_reboot_command(term::Command& root, Device& device);
void add_settings_command(term::Command& root, Device& device);
void add_services_command(term::Command& root, Device& device);
void add_logs_command(term::Command& root, Device& device);
void add_health_command(term::Command& root, Device& device);
void add_ping_command(term::Command& root, Device& device);
void add_events_command(term::Command& root, Device& device);
void add_os_command(term::Command& root, Device& device);
void add_sbom_command(term::Command& root, Device& device);
void add_pair_command(term::Command& root, Device& device);
void add_reset_data_command(term::Command& root, Device& device);
void add_raw_command(term::Command& root, Device& device);
void add_completion_command(term::Command& root, term::CommandTree& tree);

}  // namespace cairn::device
