#include "cli/device/known_devices.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "cli/device/fields.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/crypto/tls_identity.h"

namespace cairn::device {
namespace {

namespace fs = std::filesystem;

constexpr const char* list_name = "devices.json";
constexpr const char* key_name = "client.key";
constexpr const char* certificate_name = "client.pem";
constexpr int format = 1;

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0)
        throw UsageError(std::format("'{}' has no port that exists", whole))
            .hint("NAME or NAME:PORT, with a port from 1 to 65535");
    return port;
}

Json to_json(const KnownDevice& device) {
    return {{"host", device.host}, {"port", device.port}, {"fingerprint", device.fingerprint}};
}

std::string_view text_of(const crypto::SecretBytes& secret) {
    return {reinterpret_cast<const char*>(secret.data()), secret.size()};
}

}  // namespace

Address parse_address(std::string_view text) {
    if (text.starts_with('[')) {  // an IPv6 address, so that its port can be told
        const std::size_t end = text.find(']');
        const std::string_view rest = end == std::string_view::npos ? "" : text.substr(end + 1);
        if (end == std::string_view::npos || (!rest.empty() && !rest.starts_with(':')))
            throw UsageError(std::format("'{}' is not the address of a device", text))
                .hint("an IPv6 address stands in brackets: [fe80::1]:8443");
        Address address{.host = std::string(text.substr(1, end - 1))};
        if (!rest.empty()) address.port = parse_port(rest.substr(1), text);
        return address;
    }
    const std::size_t colon = text.find(':');
    const bool has_port =
        colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    Address address{.host = std::string(has_port ? text.substr(0, colon) : text)};
    if (has_port) address.port = parse_port(text.substr(colon + 1), text);
    if (address.host.empty() || address.host.find_first_of("/ @") != std::string::npos)
        throw UsageError(std::format("'{}' is not the address of a device", text)).hint("NAME or NAME:PORT");
    return address;
}

fs::path KnownDevices::default_path() {
    if (const auto config = find_environment("XDG_CONFIG_HOME"); config && !config->empty())
        return fs::path(*config) / "cairn" / "devices";
    if (const auto home = find_environment("HOME"); home && !home->empty())
        return fs::path(*home) / ".config" / "cairn" / "devices";
    throw UsageError(
        "there is no place for what is known of devices: neither XDG_CONFIG_HOME nor HOME is set");
}

std::string KnownDevices::ensure_identity(const std::string& name) const {
    make_directories(directory_);
    fs::permissions(directory_, fs::perms::owner_all);
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    // The certificate comes last: without it a key is a rest of a run that was cut off.
    if (const auto certificate = find_file(directory_ / certificate_name))
        return crypto::key_fingerprint(*certificate).to_hex();
    const crypto::TlsIdentity identity = crypto::make_tls_identity(name);
    replace_file(directory_ / key_name, text_of(identity.key_pem), 0600);
    replace_file(directory_ / certificate_name, identity.certificate_pem, 0644);
    return crypto::key_fingerprint(identity.certificate_pem).to_hex();
}

std::vector<KnownDevice> KnownDevices::list() const {
    const auto text = find_file(directory_ / list_name);
    if (!text) return {};
    const std::string place = (directory_ / list_name).string();
    const Json document = parse_json(*text, place);
    if (number_of(document, "format") != format)
        throw Error(std::format("cannot read '{}': it has another format", place));
    std::vector<KnownDevice> devices;
    for (const Json& entry : list_of(document, "devices"))
        devices.push_back({.host = device::text_of(entry, "host"),
                           .port = static_cast<std::uint16_t>(number_of(entry, "port")),
                           .fingerprint = parse_fingerprint(device::text_of(entry, "fingerprint"))});
    return devices;
}

void KnownDevices::remember(const KnownDevice& device) const {
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    std::vector<KnownDevice> devices = list();
    std::erase_if(devices, [&](const KnownDevice& other) {
        return other.host == device.host && other.port == device.port;
    });
    devices.push_back(device);
    Json entries = Json::array();
    for (const KnownDevice& each : devices) entries.push_back(to_json(each));
    replace_file(directory_ / list_name, format_json({{"format", format}, {"devices", entries}}), 0600);
}

std::optional<KnownDevice> KnownDevices::find(const Address& address) const {
    std::vector<KnownDevice> found = list();
    std::erase_if(found, [&](const KnownDevice& each) { return each.host != address.host; });
    const bool is_only = found.size() == 1 && !address.port;
    std::erase_if(found, [&](const KnownDevice& each) {
        return !is_only && each.port != address.port.value_or(default_port);
    });
    return found.empty() ? std::nullopt : std::optional(found.front());
}

net::TlsServer KnownDevices::to_server(const KnownDevice& device) const {
    return {.host = device.host,
            .port = device.port,
            .fingerprint = device.fingerprint,
            .certificate = directory_ / certificate_name,
            .key = directory_ / key_name};
}

std::string parse_fingerprint(std::string_view text) {
    std::string digits;
    std::string_view rest = trim(text);
    if (to_lower(rest.substr(0, 7)) == "sha256:") rest.remove_prefix(7);
    for (const char letter : rest)
        if (letter != ':' && letter != ' ') digits += letter;
    digits = to_lower(digits);
    if (!crypto::find_hash(digits))
        throw UsageError(std::format("'{}' is not a fingerprint", text))
            .hint("it has 64 hexadecimal digits; the device shows it on its console and in 'cairnctl os'");
    return digits;
}

}  // namespace cairn::device
