#include <cstdlib>
#include <exception>
#include <format>
#include <print>
#include <thread>

#include "cli/host/bench.h"
#include "cli/term/progress.h"
#include "images/emulator/disk_copy.h"
#include "images/emulator/emulator.h"
#include "images/layout/partition_table.h"
#include "images/layout/paths.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/crypto/tls_identity.h"
#include "pkg/net/free_port.h"
#include "pkg/net/http_client.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto longest_boot = std::chrono::minutes(5);
constexpr auto between_looks = milliseconds(20);
constexpr auto longest_attempt = milliseconds(3'000);  // a machine that is not up yet answers nothing at all
constexpr std::uint64_t disk_size = std::uint64_t{4} << 30;
constexpr std::uint16_t api_port = 8443;

milliseconds since(steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

/// A disk with the image, whose first boot lets this machine in as a reader.
class Disk {
  public:
    Disk(const fs::path& image, const fs::path& folder) : folder_(folder) {
        const crypto::TlsIdentity own = crypto::make_tls_identity("bench");
        write_file(certificate(), own.certificate_pem);
        write_file(key(), {reinterpret_cast<const char*>(own.key_pem.data()), own.key_pem.size()}, 0600);
        emulator::make_raw_copy(image, path(), disk_size);
        admit(crypto::key_fingerprint(own.certificate_pem).to_hex());
    }

    fs::path path() const { return folder_ / "disk.img"; }
    fs::path certificate() const { return folder_ / "client.pem"; }
    fs::path key() const { return folder_ / "client.key"; }

  private:
    void admit(const std::string& fingerprint) const {
        const Json client = {{"name", "bench"}, {"role", "reader"}, {"spki_sha256", fingerprint}};
        const Json settings = {{"api", {{"tls_enabled", true}, {"clients", {client}}}}};
        const fs::path file = folder_ / "first-boot.json";
        write_file(file, format_json({{"format", 1}, {"settings", settings}}));
        const auto& esp = layout::read_partition_table(path()).at(layout::Part::esp);
        run_command_checked(
            {.arguments = {"mcopy", "-o", "-i", std::format("{}@@{}", path().string(), esp.offset),
                           file.string(), std::format("::/{}", layout::paths::esp_first_boot_settings)},
             .environment = {"MTOOLSRC=/dev/null"}});
    }

    fs::path folder_;
};

/// The API of a machine as another machine reaches it, over a forwarded port.
class Caller {
  public:
    Caller(const Disk& disk, std::uint16_t port) : disk_(disk), port_(port) {}

    /// Its figures, as Prometheus' text; empty when it does not answer yet.
    std::optional<std::string> find_metrics() const {
        try {
            net::HttpClient client(net::TlsServer{
                .host = "127.0.0.1",
                .port = port_,
                .fingerprint = net::read_server_fingerprint("127.0.0.1", port_, longest_attempt),
                .certificate = disk_.certificate(),
                .key = disk_.key()});
            const net::HttpAnswer answer = client.send({.path = "/metrics", .time_limit = longest_attempt});
            if (answer.status == 200) return answer.body;
        } catch (const NetworkError&) {
        }
        return std::nullopt;
    }

  private:
    const Disk& disk_;
    std::uint16_t port_;
};

/// The value of a metric without labels; 0 when there is none.
std::uint64_t read_metric(const std::string& metrics, const std::string& name) {
    for (const std::string& line : split(metrics, '\n')) {
        const auto words = split_words(line);
        if (words.size() == 2 && words[0] == name)
            return static_cast<std::uint64_t>(std::strtod(words[1].c_str(), nullptr));
    }
    return 0;
}

struct BootTimes {
    milliseconds kernel{0};  // from power-on until it starts `init`
    milliseconds root{0};    // until the root is found and verified
    milliseconds services{0};
    milliseconds api{0};       // until another machine has an answer
    std::string metrics = {};  // once the boot was found good
};

class BootWatch {
  public:
    BootWatch(fs::path log, Caller caller) : log_(std::move(log)), caller_(caller) {}

    BootTimes watch(steady_clock::time_point start) {
        BootTimes times;
        times.kernel = wait_for_line("Run /init", start);
        times.root = wait_for_line("cairn: root: slot", start);
        // Services and the API come up side by side.
        std::exception_ptr failure;
        std::thread asking([&] {
            try {
                times.api = wait_until([&] { return caller_.find_metrics().has_value(); }, "its API", start);
            } catch (...) {
                failure = std::current_exception();
            }
        });
        try {
            times.services = wait_for_line("cairn: all services are up", start);
        } catch (...) {
            failure = std::current_exception();
        }
        asking.join();
        if (failure) std::rethrow_exception(failure);
        wait_until([&] { return is_good(times.metrics); }, "a good boot", start);
        return times;
    }

  private:
    bool is_good(std::string& metrics) const {
        metrics = caller_.find_metrics().value_or("");
        return read_metric(metrics, "cairn_boot_good") == 1;
    }
    milliseconds wait_for_line(std::string_view text, steady_clock::time_point start) {
        return wait_until([&] { return find_file(log_).value_or("").contains(text); },
                          std::format("the line '{}'", text), start);
    }
    /// Gives the time since `start`.
    milliseconds wait_until(const std::function<bool()>& is_there, const std::string& what,
                            steady_clock::time_point start) {
        while (since(start) < longest_boot) {
            if (is_there()) return since(start);
            std::this_thread::sleep_for(between_looks);
        }
        throw Error(std::format("the machine never came to {}", what))
            .detail("console", find_file(log_).value_or(""));
    }

    fs::path log_;
    Caller caller_;
};

BootTimes boot(const Disk& disk, layout::Architecture architecture, const fs::path& folder) {
    const std::uint16_t port = net::find_free_port();
    const emulator::Machine machine{.architecture = architecture,
                                    .firmware = emulator::make_firmware(architecture, folder / "variables"),
                                    .disks = {{.file = disk.path()}},
                                    .forwards = {{.host = port, .guest = api_port}}};
    Command command = emulator::plan_emulator(machine);
    const fs::path log = folder / "console";
    write_file(log, "");
    command.output = log;
    const auto start = steady_clock::now();
    const Child child = Child::start(command);
    return BootWatch(log, Caller(disk, port)).watch(start);
}  // the child is ended without a shutdown: a power cut

}  // namespace

void bench_device(const fs::path& image_folder, layout::Architecture architecture) {
    const TemporaryDirectory directory;
    const Disk disk(image_folder / "disk.img", directory.path());
    std::vector<std::vector<std::string>> rows{{"boot in QEMU (emulated)", "firmware and kernel", "init",
                                                "services up", "API answers", "ratio", "init's memory",
                                                "cairnd's memory"}};
    for (const char* which : {"first", "second"}) {
        const BootTimes times = boot(disk, architecture, directory.path());
        rows.push_back({which, format_duration(times.kernel), format_duration(times.root - times.kernel),
                        format_duration(times.services), format_duration(times.api),
                        std::format("{:.1f}", ratio(times.api, times.kernel)),
                        format_bytes(read_metric(times.metrics, "cairn_init_peak_bytes")),
                        format_bytes(read_metric(times.metrics, "cairn_daemon_resident_bytes"))});
    }
    std::print("{}", term::format_table(rows));
    std::println(
        "times from power-on, but for init's own; ratio: until the API answers another machine, to firmware "
        "and kernel alone\nmemory: of init at most, of cairnd once the boot was found good\n");
}

}  // namespace cairn::host
