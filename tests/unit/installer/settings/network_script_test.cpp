// What recipes/cairn-services makes of the file that the template `interfaces` gives, with the shell of this
// machine, a made-up /sys and an `ip` that writes down what it is asked.
#include <unistd.h>

#include <format>
#include <gmock/gmock.h>

#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view ip_program = R"(#!/bin/sh
echo "ip $*" >> "$CAIRN_ROOT/asked"
net=$CAIRN_ROOT/sys/class/net
case "$*" in
    "link set "*" name "*) mv "$net/$3" "$net/$5" ;;
    "link delete "*) rm -r "$net/$3" ;;
    "link add "*) mkdir "$net/$6"; echo DEVTYPE=vlan > "$net/$6/uevent"; echo 99 > "$net/$6/ifindex"; cp "$net/$4/address" "$net/$6/" ;;
esac
)";

class NetworkScript : public ::testing::Test {
  protected:
    void SetUp() override {
        make_directories(root() / "bin");
        make_directories(root() / "etc/cairn");
        program("ip", ip_program);
        for (const char* name : {"add-service", "remove-service", "modprobe"})
            program(name, std::format("#!/bin/sh\necho \"{} $*\" >> \"$CAIRN_ROOT/asked\"\n", name));
        fs::copy_file(scripts() / "write-resolv-conf", root() / "bin/write-resolv-conf");
        device("eth0", 2, "02:00:00:00:00:01", "pci0000:00/0000:00:03.0");
        device("eth1", 3, "02:00:00:00:00:02", "pci0000:00/0000:00:04.0");
    }

    fs::path root() const { return work_.path(); }
    static fs::path scripts() { return fs::path(CAIRN_SOURCE_DIR) / "recipes/cairn-services/bin"; }
    void program(const char* name, std::string_view text) { write_file(root() / "bin" / name, text, 0755); }
    void device(const std::string& name, int index, const std::string& address, const std::string& place) {
        const fs::path net = root() / "sys/class/net" / name;
        const fs::path bus = root() / "sys/devices" / place;
        make_directories(net);
        make_directories(bus);
        write_file(net / "ifindex", std::format("{}\n", index));
        write_file(net / "address", address + "\n");
        write_file(net / "type", "1\n");
        write_file(net / "uevent", std::format("INTERFACE={}\n", name));
        if (!fs::exists(net / "device")) fs::create_directory_symlink(bus, net / "device");
    }

    /// What was asked of the system, one call a line.
    std::vector<std::string> configure(const std::string& interfaces) {
        write_file(root() / "etc/cairn/interfaces", interfaces);
        fs::remove(root() / "asked");
        const auto path =
            std::string(root() / "bin") + ":" + find_environment("PATH").value_or("/bin:/usr/bin");
        run_command_checked({.arguments = {"sh", scripts() / "configure-network"},
                             .environment = {"CAIRN_ROOT=" + root().string(), "CAIRN_PATH=" + path}});
        const std::string asked = find_file(root() / "asked").value_or("");
        return asked.empty() ? std::vector<std::string>() : split(trim(asked), '\n');
    }

    TemporaryDirectory work_;
};

TEST_F(NetworkScript, GivesWhatNobodyNamedToDhcp) {
    const auto asked = configure("");
    EXPECT_THAT(asked, Contains("add-service dhcp@ eth0"));
    EXPECT_THAT(asked, Contains("add-service dhcp@ eth1"));
}

TEST_F(NetworkScript, LeavesAloneWhatIsAsItShouldBe) {
    const std::string two = "begin 'eth0'\naddress '192.0.2.5/24'\nfinish\nbegin 'eth1'\ndhcp4\nfinish\n";
    EXPECT_THAT(configure(two), Not(IsEmpty()));
    EXPECT_THAT(configure(two), IsEmpty());
    const auto asked =
        configure("begin 'eth0'\naddress '192.0.2.6/24'\nfinish\nbegin 'eth1'\ndhcp4\nfinish\n");
    EXPECT_THAT(asked, Contains("ip -4 address add 192.0.2.6/24 brd + dev eth0"));
    EXPECT_THAT(join(asked, "\n"), Not(HasSubstr("eth1")));
}

TEST_F(NetworkScript, NamesByAddressAndByPlaceAlsoWhereTwoChangeNames) {
    const auto asked = configure(
        "begin 'eth1'\nmac '02:00:00:00:00:01'\nfinish\nbegin 'lan0'\npath '0000:00:04.0'\nfinish\n");
    EXPECT_THAT(asked, Contains("ip link set eth1 name if3"));
    EXPECT_THAT(asked, Contains("ip link set eth0 name eth1"));
    EXPECT_THAT(asked, Contains("ip link set if3 name lan0"));
}

TEST_F(NetworkScript, SetsStaticAddressesOfBothKindsWithTheirGateways) {
    const auto asked = configure(
        "begin 'eth0'\nmtu '1400'\naddress '192.0.2.5/24'\naddress '2001:db8::5/64'\n"
        "gateway4 '192.0.2.1'\ngateway6 'fe80::1'\nfinish\n");
    for (const char* expected :
         {"ip link set eth0 mtu 1400", "ip link set eth0 up", "ip -4 address add 192.0.2.5/24 brd + dev eth0",
          "ip -6 address add 2001:db8::5/64 dev eth0",
          "ip -4 route replace default via 192.0.2.1 dev eth0 metric 52",
          "ip -6 route replace default via fe80::1 dev eth0 metric 52"})
        EXPECT_THAT(asked, Contains(expected));
    EXPECT_THAT(asked, Not(Contains("add-service dhcp@ eth0")));
}

TEST_F(NetworkScript, MakesAVlanAndTakesItAwayAgain) {
    const std::string parent = "begin 'lan0'\nmac '02:00:00:00:00:01'\ndhcp4\nfinish\n";
    const std::string vlan = "begin 'v5'\nvlan 'lan0' '5'\naddress '198.51.100.2/24'\nfinish\n";
    EXPECT_THAT(configure(vlan + parent), Contains("ip link add link lan0 name v5 type vlan id 5"));
    EXPECT_THAT(configure(vlan + parent), IsEmpty())
        << "the VLAN has its parent's address and is not taken for it";
    EXPECT_THAT(configure(parent), Contains("ip link delete v5"));
}

TEST_F(NetworkScript, PutsNameServersTogetherEachOnce) {
    write_file(root() / "etc/cairn/name-servers", "search a.example\nnameserver 192.0.2.53\n");
    configure("begin 'eth0'\ndns '192.0.2.54'\ndns '192.0.2.53'\nfinish\n");
    write_file(root() / "run/cairn/name-servers/eth1.dhcp", "search b.example\nnameserver 192.0.2.55\n");
    configure("begin 'eth0'\ndns '192.0.2.54'\ndns '192.0.2.53'\nfinish\n");
    EXPECT_EQ(
        read_file(root() / "etc/resolv.conf"),
        "search a.example b.example\nnameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 192.0.2.55\n");
}

}  // namespace
}  // namespace cairn::settings
