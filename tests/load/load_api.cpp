#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <print>
#include <string>
#include <thread>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

/// `load_api socket|tls CLIENTS SECONDS`: so many connections, each with a request under way all the time,
/// against a server in a process of its own. Prints requests, times and the server's memory; fails on any
/// error, and beyond `most_kilobytes`.
using namespace cairn;
using namespace cairn::daemon;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned threads = 4;
constexpr long most_kilobytes =
    32 << 10;  // a client costs what it touches of a stack, and with TLS some 60 kB

struct Totals {
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> errors = 0;
    std::atomic<std::int64_t> slowest_microseconds = 0;
};

/// "VmHWM: 1234 kB" of a process.
long read_kilobytes(pid_t process, const std::string& name) {
    const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
    const std::size_t place = status.find(name + ":");
    return place == std::string::npos ? -1
                                      : std::strtol(status.c_str() + place + name.size() + 1, nullptr, 10);
}

[[noreturn]] void run_server(const std::filesystem::path& folder, const crypto::TlsIdentity& client) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    TestApi handler;
    ServerOptions options = TestServer::default_options();
    options.find_client = [key = crypto::key_fingerprint(client.certificate_pem)](const crypto::Hash& asked) {
        return asked == key ? std::optional(api::Caller{api::Role::reader, "load"}) : std::nullopt;
    };
    Server server(std::move(options), handler);
    server.set_tls(
        TlsPort{.address = "127.0.0.1", .port = 0, .identity = crypto::make_tls_identity("device")});
    server.listen_on_socket(folder / "api.sock");
    replace_file(folder / "port", std::to_string(server.tls_port()));
    pause();
    _exit(0);
}

void run_clients(std::vector<std::unique_ptr<ApiClient>> clients, Clock::time_point end, Totals& totals) {
    while (Clock::now() < end) {
        const Clock::time_point start = Clock::now();
        for (const auto& client : clients) client->send("GET /who HTTP/1.1\r\nHost: device\r\n\r\n");
        for (const auto& client : clients) {
            const Reply reply = client->receive();
            ++(reply.status == 200 && reply.body.contains("\"role\"") ? totals.requests : totals.errors);
        }
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
        if (took > totals.slowest_microseconds) totals.slowest_microseconds = took;
    }
}

int run(const std::string& way, unsigned count, int seconds) {
    const TemporaryDirectory folder("/tmp", "cairn-load");
    const crypto::TlsIdentity identity = crypto::make_tls_identity("load");
    const pid_t server = fork();
    if (server == 0) run_server(folder.path(), identity);
    while (!std::filesystem::exists(folder.path() / "port"))
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto port = static_cast<std::uint16_t>(std::stoi(read_file(folder.path() / "port")));
    const long before = read_kilobytes(server, "VmRSS");

    Totals totals;
    std::vector<std::thread> workers;
    const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
    for (unsigned worker = 0; worker < threads; ++worker)
        workers.emplace_back([&, worker] {
            try {
                std::vector<std::unique_ptr<ApiClient>> clients;
                for (unsigned client = worker; client < count; client += threads)
                    clients.push_back(way == "tls" ? std::make_unique<ApiClient>(port, &identity)
                                                   : std::make_unique<ApiClient>(folder.path() / "api.sock"));
                run_clients(std::move(clients), end, totals);
            } catch (const Error& error) {
                std::println(stderr, "error: {}", error.report());
                ++totals.errors;
            }
        });
    for (std::thread& worker : workers) worker.join();
    const long peak = read_kilobytes(server, "VmHWM");
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);

    std::println(
        "{}: {} clients for {} s: {} requests, {} a second, {} errors, slowest round {} ms, server's memory "
        "{} kB, at most {} kB",
        way, count, seconds, totals.requests.load(),
        totals.requests.load() / static_cast<std::uint64_t>(seconds), totals.errors.load(),
        totals.slowest_microseconds.load() / 1000, before, peak);
    return totals.errors == 0 && totals.requests > 0 && peak < most_kilobytes ? 0 : 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
    if (argument_count != 4) {
        std::println(stderr, "usage: load_api socket|tls CLIENTS SECONDS");
        return 2;
    }
    try {
        return run(arguments[1], static_cast<unsigned>(std::stoul(arguments[2])), std::stoi(arguments[3]));
    } catch (const Error& error) {
        std::println(stderr, "error: {}", error.report());
        return 1;
    }
}
