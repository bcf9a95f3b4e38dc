#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/net/http_client.h"

namespace cairn::device {

constexpr std::uint16_t default_port = 8443;

/// Where a device is, as people write it: "gate", "gate:9443", "[fe80::1]:8443".
struct Address {
    std::string host;
    std::optional<std::uint16_t> port = {};
    bool operator==(const Address&) const = default;
};
/// Throws UsageError.
Address parse_address(std::string_view text);

/// A device that was paired with this machine.
struct KnownDevice {
    std::string host;
    std::uint16_t port = default_port;
    std::string fingerprint;  // of its key, 64 hexadecimal digits
    bool operator==(const KnownDevice&) const = default;
};

/// What this machine keeps for its conversations with devices, in a directory of mode 0700: its own key and
/// certificate, and the devices that were paired (FORMAT.md).
class KnownDevices {
  public:
    /// $XDG_CONFIG_HOME/cairn/devices, else ~/.config/cairn/devices.
    static std::filesystem::path default_path();
    explicit KnownDevices(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Our key and certificate; made when they are not there. Gives the key's fingerprint.
    std::string ensure_identity(const std::string& name) const;
    std::vector<KnownDevice> list() const;
    /// Replaces what is known of that host and port.
    void remember(const KnownDevice& device) const;
    /// A host without a port means the one device of that host, or the default port. Empty: not paired.
    std::optional<KnownDevice> find(const Address& address) const;
    net::TlsServer to_server(const KnownDevice& device) const;

  private:
    std::filesystem::path directory_;
};

/// 64 hexadecimal digits out of what people copy from a screen: spaces and colons between the digits, a
/// leading "sha256:" and capital letters are taken. Throws UsageError.
std::string parse_fingerprint(std::string_view text);

}  // namespace cairn::device
