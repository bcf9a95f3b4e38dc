#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <print>
#include <string>
#include <thread>
#include <vector>

#include "pkg/base/error.h"
#include "tests/load/misuse.h"
#include "tests/load/running_daemon.h"
#include "tests/unit/installer/daemon/api_client.h"

/// `load_api CAIRND socket|tls CLIENTS SECONDS`: so many connections, each with a request under way all the
/// time, to the real daemon, and beside them everything that clients do wrong. Prints requests, times and the
/// daemon's memory; fails on any error, any wrong status, and beyond `most_kilobytes`.
/// `load_api CAIRND misuse`: each misuse once.
using namespace cairn;
using namespace cairn::load;
using daemon::ApiClient;
using daemon::Reply;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned threads = 4;
constexpr long most_kilobytes =
    48 << 10;  // a client costs what it touches of a stack, and with TLS some 60 kB
constexpr std::array paths = {"/os", "/health", "/settings", "/metrics", "/updates/status", "/services"};
constexpr auto until_threads_end = std::chrono::seconds(12);  // they wait 10 s for more work

struct Totals {
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> errors = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::int64_t> slowest_microseconds = 0;

    void fail(std::string_view why) {
        if (++errors <= 20) std::println(stderr, "error: {}", why);
    }
};

void run_clients(std::vector<std::unique_ptr<ApiClient>> clients, Clock::time_point end, Totals& totals) {
    for (std::size_t round = 0; Clock::now() < end; ++round) {
        const auto path_of = [&](std::size_t client) { return paths[(round + client) % paths.size()]; };
        const Clock::time_point start = Clock::now();
        for (std::size_t client = 0; client < clients.size(); ++client)
            clients[client]->send(std::format("GET {} HTTP/1.1\r\nHost: device\r\n\r\n", path_of(client)));
        for (std::size_t client = 0; client < clients.size(); ++client) {
            const Reply reply = clients[client]->receive();
            if (reply.status == 200 && reply.body.size() > 20)
                ++totals.requests;
            else
                totals.fail(std::format("GET {}: status {}: {}", path_of(client), reply.status, reply.body));
        }
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
        if (took > totals.slowest_microseconds) totals.slowest_microseconds = took;
    }
}

void attempt(const Misuse& misuse, Totals& totals) {
    const int status = misuse.attempt();
    if (status == misuse.expected)
        ++totals.refused;
    else
        totals.fail(std::format("{}: status {} instead of {}", misuse.name, status, misuse.expected));
}

/// Whatever it throws is an error of the test.
std::thread start(Totals& totals, std::function<void()> work) {
    return std::thread([&totals, work = std::move(work)] {
        try {
            work();
        } catch (const Error& error) {
            totals.fail(error.report());
        }
    });
}

/// Each misuse in a thread of its own, until `end`, once at least.
std::vector<std::thread> start_misuses(const std::vector<Misuse>& misuses, Clock::time_point end,
                                       Totals& totals) {
    std::vector<std::thread> workers;
    for (const Misuse& misuse : misuses)
        workers.push_back(start(totals, [&misuse, end, &totals] {
            do {
                attempt(misuse, totals);
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            } while (Clock::now() < end);
        }));
    return workers;
}

std::vector<std::thread> start_clients(const std::function<std::unique_ptr<ApiClient>()>& connect,
                                       unsigned count, Clock::time_point end, Totals& totals) {
    std::vector<std::thread> workers;
    for (unsigned worker = 0; worker < threads; ++worker)
        workers.push_back(start(totals, [=, &totals] {
            std::vector<std::unique_ptr<ApiClient>> clients;
            for (unsigned client = worker; client < count; client += threads) clients.push_back(connect());
            run_clients(std::move(clients), end, totals);
        }));
    return workers;
}

/// What it has touched itself, and with the programs and libraries that it shares with others.
std::string describe_memory(const RunningDaemon& daemon) {
    return std::format("{} kB ({} kB its own)", daemon.read_kilobytes("VmRSS"),
                       daemon.read_kilobytes("RssAnon"));
}

/// Without clients: each misuse once.
int run(const std::string& program, const std::string& way, unsigned count, int seconds) {
    const crypto::TlsIdentity reader = crypto::make_tls_identity("reader");
    const crypto::TlsIdentity stranger = crypto::make_tls_identity("stranger");
    RunningDaemon daemon(program, {{.name = "reader", .role = "reader", .identity = reader}});
    const std::string before = describe_memory(daemon);

    Totals totals;
    const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
    const auto connect = [&] {
        return way == "tls" ? std::make_unique<ApiClient>(daemon.tls_port(), &reader)
                            : std::make_unique<ApiClient>(daemon.socket());
    };
    const auto misuses = all_misuses(daemon.socket(), daemon.tls_port(), reader, stranger);
    std::vector<std::thread> workers;
    if (count > 0) workers = start_clients(connect, count, end, totals);
    std::vector<std::thread> mad = start_misuses(misuses, end, totals);
    for (std::thread& worker : workers) worker.join();
    for (std::thread& worker : mad) worker.join();
    const long peak = daemon.read_kilobytes("VmHWM");
    if (count > 0) std::this_thread::sleep_for(until_threads_end);
    const std::string after = describe_memory(daemon);
    if (const int status = connect()->get("/os").status; status != 200)
        totals.fail(std::format("afterwards: status {}", status));
    if (!daemon.is_alive()) totals.fail("cairnd has ended");
    if (totals.errors > 0) std::println(stderr, "cairnd said:\n{}", daemon.log());

    if (count > 0)
        std::println("{}: {} clients for {} s: {} requests, {} a second, slowest round {} ms", way, count,
                     seconds, totals.requests.load(),
                     totals.requests.load() / static_cast<std::uint64_t>(seconds),
                     totals.slowest_microseconds.load() / 1000);
    std::println("{} misuses of {} kinds refused, {} errors", totals.refused.load(), misuses.size(),
                 totals.errors.load());
    std::println("memory of cairnd: {}, at most {} kB, afterwards {}", before, peak, after);
    return totals.errors == 0 && (count == 0 || totals.requests > 0) && peak < most_kilobytes ? 0 : 1;
}

}  // namespace

int main(int argument_count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + argument_count);
    const bool is_misuse = arguments.size() == 2 && arguments[1] == "misuse";
    if (!is_misuse && arguments.size() != 4) {
        std::println(stderr,
                     "usage: load_api CAIRND socket|tls CLIENTS SECONDS\n"
                     "       load_api CAIRND misuse");
        return 2;
    }
    try {
        return is_misuse ? run(arguments[0], "socket", 0, 0)
                         : run(arguments[0], arguments[1], static_cast<unsigned>(std::stoul(arguments[2])),
                               std::stoi(arguments[3]));
    } catch (const Error& error) {
        std::println(stderr, "error: {}", error.report());
        return 1;
    }
}
