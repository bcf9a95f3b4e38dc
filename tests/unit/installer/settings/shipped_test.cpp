// The pieces and templates that recipes ship, all of them together.
#include <gmock/gmock.h>
#include <map>

#include "installer/settings/files.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ShippedTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        image_ = std::make_unique<TemporaryDirectory>();
        for (const char* kind : {"settings", "templates"}) {
            make_directories(image_->path() / kind);
            for (const auto& recipe : fs::directory_iterator(fs::path(CAIRN_SOURCE_DIR) / "recipes")) {
                if (!fs::exists(recipe.path() / kind)) continue;
                for (const auto& file : fs::directory_iterator(recipe.path() / kind))
                    fs::copy_file(file.path(), image_->path() / kind / file.path().filename());
            }
        }
    }
    static void TearDownTestSuite() { image_.reset(); }

    std::map<std::string, std::string> rendered(const char* document) {
        const Values values = verify_values(Json::parse(document), schema_);
        std::map<std::string, std::string> files;
        for (const RenderedFile& file : plan_files(templates_, nullptr, values.effective()).files)
            files[file.target] = file.content;
        return files;
    }
    std::vector<std::string> services_of(const char* document) {
        const Json defaults = verify_values(Json::object(), schema_).effective();
        const Values values = verify_values(Json::parse(document), schema_);
        return plan_files(templates_, &defaults, values.effective()).services;
    }
    std::vector<Violation> violations(const char* document) {
        return find_violations(Json::parse(document), schema_);
    }

    static std::unique_ptr<TemporaryDirectory> image_;
    Schema schema_ = read_schema(image_->path() / "settings");
    std::vector<Template> templates_ = read_templates(image_->path() / "templates", schema_);
};
std::unique_ptr<TemporaryDirectory> ShippedTest::image_;

TEST_F(ShippedTest, HaveDefaultsOfWhichEveryFileCanBeMade) {
    const auto files = rendered("{}");
    EXPECT_EQ(files.at("etc/hostname"), "cairn\n");
    EXPECT_EQ(files.at("etc/cairn/interfaces"), "");
    EXPECT_EQ(files.at("etc/cairn/usb-stick"), "false\n");
    EXPECT_THAT(files.at("etc/chrony.conf"), ::testing::HasSubstr("pool pool.ntp.org iburst"));
}

TEST_F(ShippedTest, WriteInterfacesAsLinesOfShell) {
    const auto files = rendered(R"({"network": {"interfaces": {
        "lan0": {"mac": "02:00:00:00:00:01", "dhcp4": false, "addresses": ["192.0.2.5/24", "2001:db8::5/64"],
                 "gateway4": "192.0.2.1", "mtu": 1400, "dns": ["192.0.2.53"]},
        "v5": {"vlan": {"parent": "lan0", "id": 5}, "ra": false}}}})");
    EXPECT_EQ(files.at("etc/cairn/interfaces"),
              "begin 'lan0'\nmac '02:00:00:00:00:01'\nmtu '1400'\nra\naddress '192.0.2.5/24'\n"
              "address '2001:db8::5/64'\ngateway4 '192.0.2.1'\ndns '192.0.2.53'\nfinish\n"
              "begin 'v5'\nvlan 'lan0' '5'\ndhcp4\nfinish\n");
}

TEST_F(ShippedTest, RestartOnlyTheServicesThatUseWhatChanged) {
    EXPECT_THAT(services_of(R"({"network": {"host_name": "gate"}})"), ElementsAre("kernel-settings"));
    EXPECT_THAT(services_of(R"({"network": {"dns": {"servers": ["192.0.2.53"]}}})"), ElementsAre("network"));
    EXPECT_THAT(services_of(R"({"time": {"ntp_servers": ["192.0.2.7"]}})"), ElementsAre("chronyd"));
    EXPECT_THAT(services_of(R"({"updates": {"allow_usb": true}})"), ElementsAre("usb-stick"));
    EXPECT_THAT(services_of(R"({"system": {"motd": "hello\nthere"}})"), IsEmpty());
}

TEST_F(ShippedTest, TakeWhatDevicesNeed) {
    EXPECT_THAT(violations(R"({
        "kernel": {"sysctl": {"net.ipv4.ip_forward": "1", "vm.swappiness": "10", "kernel.printk": "4 4 1 7"},
                   "modules": ["8021q"]},
        "ssh": {"authorized_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQw somebody at home"]},
        "time": {"zone": "America/Argentina/Buenos_Aires", "ntp_servers": ["2001:db8::7", "ntp.example.org"]},
        "updates": {"repository": "https://[2001:db8::1]:8080/a/b", "window": {"days": ["sat"], "start": "23:00", "end": "04:00"},
                    "seed": 2047, "pin": "1.2.3"},
        "api": {"clients": [{"name": "laptop", "role": "admin",
                "spki_sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]},
        "health": {"checks": {"web": {"kind": "http", "url": "http://127.0.0.1:80/"}}},
        "log": {"level": "debug"}})"),
                IsEmpty());
}

TEST_F(ShippedTest, RefuseWhatWouldMakeASettingAProgram) {
    for (const char* document :
         {R"({"kernel": {"sysctl": {"kernel.core_pattern": "x"}}})",
          R"({"kernel": {"sysctl": {"kernel.modprobe": "x"}}})",
          R"({"kernel": {"sysctl": {"fs.binfmt_misc.register": "x"}}})",
          R"({"kernel": {"sysctl": {"net../kernel.modprobe": "x"}}})",
          R"({"kernel": {"modules": ["../evil"]}})", R"({"time": {"zone": "../../etc/shadow"}})",
          R"({"network": {"host_name": "a b"}})", R"({"network": {"interfaces": {"../x": {}}}})",
          R"({"ssh": {"authorized_keys": ["command=\"sh\" ssh-ed25519 AAAA"]}})",
          R"({"time": {"ntp_servers": ["a\ncmdport 323"]}})"})
        EXPECT_THAT(violations(document), Not(IsEmpty())) << document;
}

}  // namespace
}  // namespace cairn::settings
