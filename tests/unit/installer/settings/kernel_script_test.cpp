// What recipes/cairn-services tells the kernel, with the shell of this machine and a made-up /proc/sys.
#include <gmock/gmock.h>

#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class KernelScript : public ::testing::Test {
  protected:
    void SetUp() override {
        for (const char* folder :
             {"bin", "etc/cairn", "proc/sys/net/ipv4", "proc/sys/vm", "usr/share/zoneinfo/Europe"})
            make_directories(root() / folder);
        for (const char* name : {"hostname", "modprobe"})
            write_file(root() / "bin" / name, "#!/bin/sh\necho \"${0##*/} $*\"\n", 0755);
        write_file(root() / "proc/sys/net/ipv4/ip_forward", "0\n");
        write_file(root() / "proc/sys/vm/swappiness", "60\n");
        write_file(root() / "usr/share/zoneinfo/Europe/Berlin", "");
    }

    fs::path root() const { return work_.path(); }
    void etc(const char* name, std::string_view text) { write_file(root() / "etc" / name, text); }
    std::string apply() {
        const auto path =
            (root() / "bin").string() + ":" + find_environment("PATH").value_or("/bin:/usr/bin");
        return run_command_checked(
            {.arguments = {"sh", std::string(CAIRN_SOURCE_DIR) +
                                     "/recipes/cairn-services/bin/apply-kernel-settings"},
             .environment = {"CAIRN_ROOT=" + root().string(), "PATH=" + path}});
    }
    std::string parameter(const char* path) const { return read_file(root() / "proc/sys" / path); }

    TemporaryDirectory work_;
};

TEST_F(KernelScript, SetsParametersAndGivesBackWhatIsTakenOutAgain) {
    etc("cairn/sysctl", "net.ipv4.ip_forward 1\nvm.swappiness 10\n");
    EXPECT_EQ(apply(), "");
    EXPECT_EQ(parameter("net/ipv4/ip_forward"), "1\n");
    etc("cairn/sysctl", "vm.swappiness 20\n");
    apply();
    EXPECT_EQ(parameter("net/ipv4/ip_forward"), "0\n");
    EXPECT_EQ(parameter("vm/swappiness"), "20\n");
    etc("cairn/sysctl", "");
    apply();
    EXPECT_EQ(parameter("vm/swappiness"), "60\n") << "what it was at first";
}

TEST_F(KernelScript, SaysWhatIsNotThereAndGoesOn) {
    etc("cairn/sysctl", "net.no.such 1\nvm.swappiness 10\n");
    etc("timezone", "Mars/Crater\n");
    const std::string said = apply();
    EXPECT_THAT(said, HasSubstr("no parameter 'net.no.such'"));
    EXPECT_THAT(said, HasSubstr("no time zone 'Mars/Crater'"));
    EXPECT_EQ(parameter("vm/swappiness"), "10\n");
}

TEST_F(KernelScript, SetsNameZoneAndModules) {
    etc("hostname", "gate\n");
    etc("timezone", "Europe/Berlin\n");
    etc("cairn/modules", "8021q\nbonding\n");
    EXPECT_THAT(apply(), HasSubstr("modprobe 8021q\nmodprobe bonding\n"));
    EXPECT_EQ(fs::read_symlink(root() / "etc/localtime"), "/usr/share/zoneinfo/Europe/Berlin");
    EXPECT_THAT(apply(), HasSubstr("hostname -F")) << "once more, over what is there";
}

}  // namespace
}  // namespace cairn::settings
