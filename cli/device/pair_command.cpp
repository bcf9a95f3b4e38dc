#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>
#include <memory>
#include <print>

#include "cli/device/device.h"
#include "cli/term/ask.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

struct Options {
    std::string address;
    std::string fingerprint;
    std::string name;
    std::string role = "operator";
};

std::string default_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "laptop";
    return std::string(name.data()).substr(0, 63);
}

void check_role(const std::string& role) {
    static constexpr std::array known{"reader", "operator", "admin"};
    if (std::ranges::find(known, role) == known.end())
        throw UsageError(std::format("'{}' is no role", role))
            .hint("reader looks; operator also updates, reboots and reads logs; admin also changes settings");
}

/// What the device shows, believed only after a person has compared it.
std::string ask_fingerprint(const KnownDevice& device) {
    const std::string found = read_fingerprint(device.host, device.port);
    std::println("{} shows the key with the fingerprint\n\n  {}\n", device.host, group_by_four(found));
    std::println("compare it with the one on the device's console, or in 'cairnctl os' there");
    const std::string answer =
        term::ask_line("type 'yes' when they are the same:", "or give --fingerprint, read off the device");
    if (to_lower(answer) != "yes") throw Error("the device was not paired: its key was not confirmed");
    return found;
}

/// The line of `api.clients` that admits this machine.
Json admitting_line(const Options& options, const std::string& own_fingerprint) {
    return {{"name", options.name}, {"role", options.role}, {"spki_sha256", own_fingerprint}};
}

/// For a device that does not run yet, or lets nobody log in.
int show_first_boot(const Options& options, const std::string& own_fingerprint) {
    const Json clients = Json::array({admitting_line(options, own_fingerprint)});
    const Json settings{{"api", {{"tls_enabled", true}, {"clients", clients}}}};
    std::println("first-boot settings that admit this machine ('cairn/first-boot.json' on the ESP):\n");
    std::print("{}", format_json({{"format", 1}, {"settings", settings}}));
    std::println("\nonce the device runs: cairnctl pair NAME");
    return term::success;
}

enum class Admission { admitted, unknown };

/// Asks the device with the key that was agreed on: another key ends here.
Admission try_connection(const KnownDevices& devices, const KnownDevice& known) {
    Api api(devices.to_server(known));
    const net::HttpAnswer answer =
        api.exchange({.path = "/os", .time_limit = std::chrono::milliseconds(10'000)});
    if (answer.status == 200) return Admission::admitted;
    if (answer.status == 401) return Admission::unknown;
    fail({.path = "/os"}, answer);
}

int pair(Device& device, const Options& options) {
    check_role(options.role);
    const KnownDevices devices = device.known_devices();
    if (options.address.empty()) return show_first_boot(options, devices.ensure_identity(options.name));
    const Address address = parse_address(options.address);
    const std::string own = devices.ensure_identity(options.name);
    KnownDevice known{.host = address.host, .port = address.port.value_or(default_port), .fingerprint = {}};
    known.fingerprint =
        options.fingerprint.empty() ? ask_fingerprint(known) : parse_fingerprint(options.fingerprint);
    const Admission admission = try_connection(devices, known);
    devices.remember(known);
    std::println("{} is known now", options.address);
    if (admission == Admission::admitted) {
        std::println("and it knows this machine: cairnctl status --host {}", options.address);
        return term::success;
    }
    std::println("it does not know this machine yet; on the device, as an administrator:\n");
    std::println("  cairnctl settings set --apply {}\n",
                 quote_for_shell("api.clients+=" + admitting_line(options, own).dump()));
    std::println("then, here: cairnctl status --host {}", options.address);
    return term::success;
}

}  // namespace

void add_pair_command(term::Command& root, Device& device) {
    const auto options = std::make_shared<Options>();
    options->name = default_name();
    term::Command& command =
        root.add_command("pair", "Make this machine and a device know each other's keys");
    command.add_option("address", options->address,
                       "the device: NAME or NAME:PORT; without it, the first-boot settings for a new one");
    command.add_option("--fingerprint", options->fingerprint,
                       "of the device's key, read off its console; else it is shown and asked for");
    command.add_option("--name", options->name, "what the device calls this machine");
    command.add_option("--role", options->role,
                       "what this machine is to be admitted as: reader, operator, admin");
    command.set_example("cairnctl pair gate.example.org --role operator");
    command.set_action([&device, options] { return pair(device, *options); });
}

}  // namespace cairn::device
