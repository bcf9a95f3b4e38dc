#include "cli/device/known_devices.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/crypto/tls_identity.h"

namespace cairn::device {
namespace {

const std::string fingerprint(64, 'a');

TEST(Address, HasAPortOnlyWhereOneIsWritten) {
    EXPECT_EQ(parse_address("gate"), (Address{.host = "gate"}));
    EXPECT_EQ(parse_address("10.0.0.2:9443"), (Address{.host = "10.0.0.2", .port = 9443}));
    EXPECT_EQ(parse_address("fe80::1"), (Address{.host = "fe80::1"}));
    EXPECT_EQ(parse_address("[fe80::1]:1"), (Address{.host = "fe80::1", .port = 1}));
    for (const char* text :
         {"", ":1", "gate:", "gate:0", "gate:70000", "gate:x", "[fe80::1", "[::1]x", "a/b", "a b"})
        EXPECT_THROW(parse_address(text), UsageError) << text;
}

TEST(Fingerprint, IsTakenAsPeopleCopyIt) {
    const std::string digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    EXPECT_EQ(parse_fingerprint(group_by_four(digits)), digits);
    EXPECT_EQ(
        parse_fingerprint(" SHA256:" + digits.substr(0, 32) + ":" + "00112233445566778899AABBCCDDEEFF "),
        digits);
    EXPECT_THROW(parse_fingerprint(digits.substr(1)), UsageError);
    EXPECT_THROW(parse_fingerprint(digits.substr(1) + "g"), UsageError);
}

class KnownDevicesTest : public testing::Test {
  protected:
    TemporaryDirectory directory_;
    std::filesystem::path place_ = directory_.path() / "devices";
    KnownDevices devices_{place_};
};

TEST_F(KnownDevicesTest, IdentityIsMadeOnceAndItsKeyIsPrivate) {
    const std::string own = devices_.ensure_identity("laptop");
    EXPECT_EQ(devices_.ensure_identity("another name"), own);
    EXPECT_EQ(own, crypto::key_fingerprint(read_file(place_ / "client.pem")).to_hex());
    struct stat status = {};
    ASSERT_EQ(stat((place_ / "client.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    ASSERT_EQ(stat(place_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
}

// Power fails between the two files: the key without a certificate is replaced.
TEST_F(KnownDevicesTest, KeyWithoutCertificateIsMadeAnew) {
    devices_.ensure_identity("laptop");
    const std::string before = read_file(place_ / "client.key");
    std::filesystem::remove(place_ / "client.pem");
    devices_.ensure_identity("laptop");
    EXPECT_NE(read_file(place_ / "client.key"), before);
}

TEST_F(KnownDevicesTest, IsFoundByHostAloneWhereThereIsOneAndByPortElse) {
    devices_.ensure_identity("laptop");
    devices_.remember({.host = "gate", .port = 9000, .fingerprint = fingerprint});
    EXPECT_EQ(devices_.find({.host = "gate"})->port, 9000);
    EXPECT_FALSE(devices_.find({.host = "gate", .port = 8443}));
    EXPECT_FALSE(devices_.find({.host = "door"}));
    devices_.remember({.host = "gate", .port = 8443, .fingerprint = fingerprint});
    EXPECT_EQ(devices_.find({.host = "gate"})->port, 8443);
}

TEST_F(KnownDevicesTest, PairingAgainReplacesTheFingerprint) {
    devices_.ensure_identity("laptop");
    devices_.remember({.host = "gate", .port = 8443, .fingerprint = fingerprint});
    devices_.remember({.host = "gate", .port = 8443, .fingerprint = std::string(64, 'b')});
    EXPECT_THAT(devices_.list(), testing::ElementsAre(KnownDevice{
                                     .host = "gate", .port = 8443, .fingerprint = std::string(64, 'b')}));
}

TEST_F(KnownDevicesTest, RefusesAListThatItCannotTrust) {
    devices_.ensure_identity("laptop");
    write_file(place_ / "devices.json", R"({"format": 2, "devices": []})");
    EXPECT_THROW(devices_.list(), Error);
    write_file(place_ / "devices.json",
               R"({"format": 1, "devices": [{"host": "a", "port": 1, "fingerprint": ""}]})");
    EXPECT_THROW(devices_.list(), Error);
}

}  // namespace
}  // namespace cairn::device
