#include <algorithm>
#include <charconv>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "installer/daemon/routes.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;
namespace report = layout::boot_report;
using api::Answer;
using api::Request;
using api::Role;

/// EFI's global variable: four bytes of attributes and one of content.
constexpr std::string_view secure_boot_variable =
    "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
constexpr std::size_t secure_boot_size = 5;
constexpr std::uint64_t largest_sbom = std::uint64_t{16} << 20;

/// Null when the firmware does not say.
Json read_secure_boot(const fs::path& root) {
    try {
        const auto variable = find_file(root / secure_boot_variable, 64);
        if (!variable || variable->size() != secure_boot_size) return {};
        return variable->back() == '\1';
    } catch (const std::exception&) {
        return {};
    }
}

std::int64_t read_uptime(const fs::path& root) {
    const std::string text = read_text(root / "proc/uptime");
    std::int64_t seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return seconds;
}

Json describe_os(const Device& device, const Reports& reports) {
    const Json release = read_object(device.root / layout::paths::release);
    const Json boot = read_object(below(device.root, layout::paths::boot_report));
    const auto fingerprint = reports.api_fingerprint();
    return {{"name", text_of(release, "name")},
            {"version", text_of(release, "version")},
            {"architecture", text_of(release, "architecture")},
            {"build_time", text_of(release, "build_time")},
            {"slot", text_of(boot, report::slot)},
            {"root_hash", text_of(boot, report::root_hash)},
            {"on_trial", is_true(boot, report::on_trial)},
            {"development_keys", is_true(release, "development_keys")},
            {"secure_boot", read_secure_boot(device.root)},
            {"machine", text_of(boot, report::machine)},
            {"machine_id", read_text(device.root / "etc/machine-id")},
            {"boot_id", read_text(device.root / "proc/sys/kernel/random/boot_id")},
            {"kernel", read_text(device.root / "proc/sys/kernel/osrelease")},
            {"uptime_seconds", read_uptime(device.root)},
            {"data", {{"state", text_of(boot, report::data)}, {"error", text_of(boot, report::data_error)}}},
            {"api_fingerprint", fingerprint ? Json(*fingerprint) : Json()}};
}

Answer get_sbom(const Device& device) {
    auto text = find_file(device.root / layout::paths::sbom, largest_sbom);
    if (!text) throw api::NotFound("this image has no bill of materials");
    return {.body = *std::move(text)};
}

}  // namespace

void add_os_routes(Router& router, const Device& device, const Reports& reports) {
    router.add("GET", "/os", Role::reader, [&device, &reports](const Request&, auto&) {
        return api::make_json_answer(describe_os(device, reports));
    });
    router.add("GET", "/sbom", Role::reader, [&device](const Request&, auto&) { return get_sbom(device); });
    router.add("GET", "/attestation", Role::reader, [](const Request&, auto&) {
        return api::make_error_answer(501, "this version makes no attestation: it does not use the TPM");
    });
}

void add_health_routes(Router& router, const Reports& reports) {
    router.add("GET", "/health", Role::reader,
               [&reports](const Request&, auto&) { return api::make_json_answer(reports.health()); });
    router.add("GET", "/events", Role::reader,
               [&reports](const Request&, auto&) { return reports.events(); });
}

}  // namespace cairn::daemon
