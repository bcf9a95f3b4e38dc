#include "installer/health/system_probe.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "tests/support/http_server.h"

/// Real sockets, files and programs.
namespace cairn::health {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SystemProbeTest : public testing::Test {
  protected:
    std::filesystem::path write_program(const std::string& script) const {
        const auto path = root_.path() / "program";
        write_file(path, "#!/bin/sh\n" + script + "\n", 0755);
        return path;
    }
    std::uint16_t port_of(const support::HttpServer& server) const {
        const std::string address = server.address();
        std::uint16_t port = 0;
        const char* digits = address.data() + address.rfind(':') + 1;
        std::from_chars(digits, address.data() + address.size(), port);
        return port;
    }
    /// Listens at the API's socket and answers nobody.
    Fd listen_silently() const {
        Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::ranges::copy(places_.api_socket.string(), address.sun_path);
        EXPECT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener.get(), 1), 0);
        return listener;
    }

    TemporaryDirectory root_;
    SystemProbe::Places places_ = {.root = root_.path(), .api_socket = root_.path() / "api.sock"};
    SystemProbe probe_{places_};
    SystemProbe hasty_{places_, {.api = 100ms, .program = 200ms}};
};

TEST_F(SystemProbeTest, AsksForHttpStatus) {
    support::HttpServer server;
    server.serve("/ready", "yes");
    EXPECT_EQ(probe_.ask_http({"127.0.0.1", port_of(server), "/ready"}).status, 200);
    EXPECT_EQ(probe_.ask_http({"localhost", port_of(server), "/other"}).status, 404);
    EXPECT_EQ(probe_.connect_tcp({"127.0.0.1", port_of(server)}), std::nullopt);
}

TEST_F(SystemProbeTest, SaysWhyNobodyAnswers) {
    EXPECT_EQ(probe_.connect_tcp({"127.0.0.1", 1}), "Connection refused");
    EXPECT_EQ(probe_.ask_http({"127.0.0.1", 1, "/"}).why, "Connection refused");
    EXPECT_EQ(probe_.ask_api().why, "No such file or directory");
    EXPECT_THAT(*probe_.connect_tcp({"no such name", 1}), HasSubstr("'no such name' has no address"));
}

TEST_F(SystemProbeTest, WaitsForNobodyForEver) {
    const Fd listener = listen_silently();
    EXPECT_EQ(hasty_.ask_api().why, "no answer in time");
}

TEST_F(SystemProbeTest, AsksTheApiOnItsSocket) {
    const Fd listener = listen_silently();
    std::thread server([&] {
        const Fd connection(accept(listener.get(), nullptr, nullptr));
        std::array<char, 1024> request{};  // closing before it was read would be a reset
        EXPECT_GT(::recv(connection.get(), request.data(), request.size(), 0), 0);
        write_all(connection.get(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "client");
    });
    EXPECT_EQ(probe_.ask_api().status, 403);
    server.join();
}

TEST_F(SystemProbeTest, GivesAProgramsStatusAndTheEndOfItsOutput) {
    const auto result = probe_.run(write_program("seq 100000; echo \"$PATH\"; echo last >&2; exit 3"));
    EXPECT_EQ(result.status, 3);
    EXPECT_EQ(result.output.size(), 2048U);
    EXPECT_THAT(result.output, testing::EndsWith("100000\n/usr/bin:/bin\nlast\n"));
    EXPECT_EQ(probe_.run(root_.path() / "none").status, 127);
}

TEST_F(SystemProbeTest, EndsAProgramThatTakesTooLongWithAllThatItStarted) {
    const auto result = hasty_.run(write_program("echo $$; sleep 1000 & echo $!; wait"));
    EXPECT_EQ(result.status, std::nullopt);
    std::istringstream words(result.output);
    for (pid_t pid = 0; words >> pid;) {
        for (int tries = 0; kill(pid, 0) == 0 && tries < 1000; ++tries) std::this_thread::sleep_for(1ms);
        // Killed; it may wait for process 1 to collect it.
        const std::string status = find_file("/proc/" + std::to_string(pid) + "/stat").value_or(") Z ");
        EXPECT_THAT(status, HasSubstr(") Z ")) << pid;
    }
}

TEST_F(SystemProbeTest, KnowsHowOldAFileIs) {
    EXPECT_EQ(probe_.find_age("/f"), std::nullopt);
    write_file(root_.path() / "f", "");
    std::filesystem::last_write_time(root_.path() / "f",
                                     std::filesystem::file_time_type::clock::now() - 1000s);
    EXPECT_GE(*probe_.find_age("/f"), 1000s);
    EXPECT_LT(*probe_.find_age("/f"), 2000s);
    std::filesystem::last_write_time(root_.path() / "f",
                                     std::filesystem::file_time_type::clock::now() + 1000s);
    EXPECT_EQ(*probe_.find_age("/f"), 0s);
}

TEST_F(SystemProbeTest, FindsWhatIsNotedAgainstTheSettings) {
    EXPECT_EQ(probe_.find_settings_problem(), std::nullopt);
    make_directories(root_.path() / "run/cairn/settings");
    write_file(root_.path() / "run/cairn/settings/problem", "torn\n");
    EXPECT_EQ(probe_.find_settings_problem(), "torn\n");
}

TEST_F(SystemProbeTest, FindsDamageOfTheRootInThisBootsKernelLog) {
    const std::string start = "x <5>[    0.000000] Linux version 6.12\n";
    const std::string damage = "x <3>[    9.1] device-mapper: verity: 253:0: data block 7 is corrupted\n";
    make_directories(root_.path() / "var/log/klog");
    const auto find = [&](const std::string& log) {
        write_file(root_.path() / "var/log/klog/current", log);
        return probe_.find_root_damage();
    };
    EXPECT_EQ(find(start + "x eth0 is up\n"), std::nullopt);
    EXPECT_EQ(find(start + damage + "x eth0 is up\n"), damage.substr(0, damage.size() - 1));
    EXPECT_EQ(find(damage + "x eth0 is up\n").has_value(), true);  // the boot began in an older file
    EXPECT_EQ(find(damage + start), std::nullopt);
}

}  // namespace
}  // namespace cairn::health
