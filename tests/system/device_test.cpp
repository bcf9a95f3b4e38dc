#include <sys/socket.h>

#include <arpa/inet.h>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/net/free_port.h"
#include "tests/system/running_machine.h"

/// One device as its users have it: what its programs may do, and how it is managed from another machine.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;
constexpr std::uint16_t api_port = 8443;

class Device : public testing::TestWithParam<Architecture> {
  protected:
    Device() : folder_("dev", GetParam(), disk_size), machine_(plan(), folder_.path()) {
        machine_.wait_for("cairn: all services are up");
        machine_.log_in();
        machine_.run_until_it_succeeds("cairnctl ping");
    }

    emulator::Machine plan() {
        emulator::Machine machine = folder_.make_machine();
        machine.forwards = {{.host = port_, .guest = api_port}};
        return machine;
    }
    std::string address() const { return std::format("127.0.0.1:{}", port_); }
    fs::path known_devices() const { return folder_.path() / "config/cairn/devices"; }

    /// cairnctl on the machine that runs the test.
    CommandResult run_here(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), CAIRN_DEVICE_CLIENT);
        return run_command({.arguments = arguments,
                            .environment = {"XDG_CONFIG_HOME=" + (folder_.path() / "config").string()}});
    }
    std::string run_here_checked(const std::vector<std::string>& arguments) const {
        const CommandResult result = run_here(arguments);
        if (result.status != 0)
            throw Error(std::format("cairnctl failed here with {}", result.status))
                .detail("output", result.output + result.error);
        return result.output;
    }

    /// Makes both know each other, as people do: what `pair` says is typed on the device.
    void pair(const std::string& role) {
        machine_.run("cairnctl settings set --apply api.tls_enabled=true");
        const std::string fingerprint =
            parse_json(machine_.run("cairnctl os --json"), "os").at("api_fingerprint").get<std::string>();
        for (int attempt = 0; attempt < 60; ++attempt) {
            const CommandResult told = run_here(
                {"pair", address(), "--fingerprint", fingerprint, "--role", role, "--name", "laptop"});
            if (told.status == 0) return admit(told.output);
            machine_.run("sleep 1");  // the port opens a moment after the setting
        }
        FAIL() << "the device does not answer over TLS";
    }
    void admit(const std::string& told) {
        const std::size_t begin = told.find("cairnctl settings set --apply");
        ASSERT_NE(begin, std::string::npos) << told;
        machine_.run(told.substr(begin, told.find('\n', begin) - begin));
    }

    std::uint64_t resident_kb(const std::string& service) {
        return std::stoull(
            machine_.run(std::format("awk '/^VmRSS/ {{ print $2 }}' "
                                     "/proc/$(cat /run/service/{}/supervise/pid)/status",
                                     service)));
    }

    std::uint16_t port_ = net::find_free_port();
    MachineFolder folder_;
    RunningMachine machine_;
};

TEST_P(Device, ItsDaemonHasNoRightsAndItsHelperNoNetwork) {
    const std::string status = machine_.run("cat /proc/$(cat /run/service/cairnd/supervise/pid)/status");
    for (const char* line :
         {"Uid:\t200\t200\t200\t200\n", "Groups:\t \n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
          "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapBnd:\t0000000000000000\n"})
        EXPECT_THAT(replace_all(status, "\r", ""), HasSubstr(line));
    EXPECT_NE(machine_.run("readlink /proc/$(cat /run/service/cairn-helper/supervise/pid)/ns/net"),
              machine_.run("readlink /proc/1/ns/net"));
    for (const char* disk : {"/dev/vda", "/dev/vda1", "/dev/dm-0"})
        EXPECT_NE(machine_.try_to_run(std::format("chpst -u cairn head -c 1 {}", disk)).first, 0) << disk;
    // Who is in no role's group is answered, but with nothing.
    EXPECT_NE(machine_.try_to_run("chpst -u nobody cairnctl os").first, 0);
    std::println("resident: cairnd {} kB, cairn-helper {} kB", resident_kb("cairnd"),
                 resident_kb("cairn-helper"));
}

TEST_P(Device, IsManagedFromAnotherMachineByKeyAndRole) {
    pair("operator");
    EXPECT_THAT(run_here_checked({"status", "--host", address()}), HasSubstr("dev 0.1.0"));
    EXPECT_THAT(run_here({"settings", "set", "--apply", "network.host_name=x", "--host", address()}).error,
                HasSubstr("admin"));
    const fs::path bundle = folder_.path() / "bundle.tar";
    run_here_checked({"logs", "--bundle", bundle.string(), "--host", address()});
    const std::string names = run_command_checked({.arguments = {"tar", "-tf", bundle.string()}});
    EXPECT_THAT(names, HasSubstr("cairnd"));

    machine_.run("cairnctl settings unset --apply api.clients");
    EXPECT_NE(run_here({"status", "--host", address()}).status, 0) << "who was taken out is out";
}

TEST_P(Device, ServesItsPageToABrowserWithAKey) {
    if (run_command({.arguments = {"sh", "-c", "command -v chromium && command -v pk12util"}}).status != 0)
        GTEST_SKIP() << "needs Debian's packages chromium and libnss3-tools";
    pair("admin");
    const fs::path pictures = find_environment("CAIRN_PICTURES").value_or(folder_.path().string());
    const CommandResult result =
        run_command({.arguments = {"python3", std::string(CAIRN_SOURCE_DIR) + "/tests/page/check_device.py",
                                   std::format("https://localhost:{}/", port_), known_devices().string(),
                                   pictures.string()}});
    EXPECT_EQ(result.status, 0) << result.output << result.error;
    EXPECT_THAT(machine_.run("hostname"), HasSubstr("named-by-the-page"));
}

INSTANTIATE_TEST_SUITE_P(On, Device, testing::Values(Architecture::x86_64, Architecture::aarch64),
                         [](const auto& info) { return std::string(layout::to_text(info.param)); });

}  // namespace
}  // namespace cairn::system_test
