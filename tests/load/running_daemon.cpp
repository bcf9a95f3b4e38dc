#include "tests/load/running_daemon.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <format>

#include "installer/daemon/cage.h"
#include "pkg/base/error.h"
#include "pkg/net/free_port.h"
#include "tests/support/fake_helper_link.h"
#include "tests/unit/installer/daemon/api_client.h"

namespace cairn::load {
namespace {

namespace fs = std::filesystem;
using daemon::ApiClient;
using daemon::Reply;

constexpr uid_t cairn_user = 200;  // images/users.toml
constexpr auto patience = std::chrono::seconds(60);

Json answer(const Json& request) {
    if (request.at("do") == "state") return cairn::testing::make_idle_state();
    if (request.at("do") == "apply_settings") return {{"files", Json::array()}, {"services", Json::array()}};
    return Json::object();
}

void expect_success(const Reply& reply) {
    if (reply.status / 100 != 2) throw Error(std::format("status {}: {}", reply.status, reply.body));
}

}  // namespace

RunningDaemon::RunningDaemon(const fs::path& program, const std::vector<Client>& clients)
    : place_("/tmp", "cairn-load") {
    fs::permissions(place_.path(), fs::perms(0755));
    make_root();
    start_helper();
    start_daemon(program);
    switch_tls_on(clients);
}

RunningDaemon::~RunningDaemon() {
    daemon_.reset();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_helper_.get(), &one, sizeof one);
    if (helper_thread_.joinable()) helper_thread_.join();
}

long RunningDaemon::read_kilobytes(std::string_view field) const {
    const std::string status = read_file(std::format("/proc/{}/status", daemon_->pid()));
    const std::size_t place = status.find(std::format("{}:", field));
    if (place == std::string::npos) throw Error(std::format("the kernel does not tell '{}'", field));
    return std::strtol(status.c_str() + place + field.size() + 1, nullptr, 10);
}

void RunningDaemon::make_root() const {
    const auto write = [&](const fs::path& path, std::string_view text) {
        make_directories((root() / path).parent_path());
        write_file(root() / path, text);
    };
    write("usr/lib/cairn/release.json",
          R"({"name": "base", "version": "1.0", "architecture": "x86_64", "build_time": "2026-11-20",
              "development_keys": true, "settings_format": 1})");
    const fs::path recipes = fs::path(CAIRN_SOURCE_DIR) / "recipes";
    for (const auto& entry : fs::recursive_directory_iterator(recipes))
        if (entry.path().extension() == ".toml" && entry.path().parent_path().filename() == "settings")
            write("usr/lib/cairn/settings" / entry.path().filename(), read_file(entry.path()));
    write("run/cairn/boot.json", R"({"slot": "a", "root_hash": "aa", "machine": "test", "data": "mounted"})");
    for (int number = 0; number < 12; ++number)
        write(std::format("run/service/service{}/supervise/stat", number), "run\n");
    write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    make_directories(root() / "var");
    fs::create_directory_symlink("/proc", root() / "proc");
}

void RunningDaemon::start_helper() {
    stop_helper_ = Fd(eventfd(0, EFD_CLOEXEC));
    helper::ServerOptions options{.socket = place_.path() / "helper.sock",
                                  .allowed = {geteuid(), cairn_user}};
    if (geteuid() == 0) options.group = cairn_user;
    helper_.emplace(std::move(options),
                    [](const Json& request, helper::Session&) { return answer(request); });
    helper_thread_ = std::thread([this] { helper_->run(stop_helper_.get()); });
}

void RunningDaemon::start_daemon(const fs::path& program) {
    const std::string none = "4294967294";  // a group that nobody is in
    Command command{.arguments = {program, "--root", root(), "--socket", socket(), "--helper",
                                  place_.path() / "helper.sock", "--groups",
                                  std::format("{},{},{}", getegid(), none, none)},
                    // One heap for all threads, as the device's C library has it.
                    .environment = {"MALLOC_ARENA_MAX=1"},
                    .output = place_.path() / "log"};
    if (daemon::find_landlock_version() == 0) command.arguments.push_back("--no-cage");
    daemon_ = Child::start(command);
    for (const auto end = std::chrono::steady_clock::now() + patience; !fs::exists(socket());) {
        if (!is_alive() || std::chrono::steady_clock::now() > end)
            throw Error("cairnd does not come up").detail("log", log());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

/// As a person does: by settings.
void RunningDaemon::switch_tls_on(const std::vector<Client>& clients) {
    Json lines = Json::array();
    for (const Client& client : clients)
        lines.push_back({{"name", client.name},
                         {"role", client.role},
                         {"spki_sha256", crypto::key_fingerprint(client.identity.certificate_pem).to_hex()}});
    tls_port_ = net::find_free_port();
    ApiClient admin(socket());
    const std::string line = "Content-Type: application/json\r\n";
    expect_success(admin.ask("PATCH", "/settings", line,
                             Json{{"api",
                                   {{"tls_enabled", true},
                                    {"tls_address", "127.0.0.1"},
                                    {"tls_port", tls_port_},
                                    {"clients", lines}}}}
                                 .dump()));
    expect_success(admin.post("/tx/commit_and_apply", "{}"));
    for (const auto end = std::chrono::steady_clock::now() + patience;;) {
        try {
            ApiClient stranger(tls_port_, nullptr);
            return;
        } catch (const Error&) {
            if (!is_alive() || std::chrono::steady_clock::now() > end)
                throw Error("cairnd does not offer TLS").detail("log", log());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace cairn::load
