#include "pkg/crypto/tls_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/crypto/pem_key.h"
#include "pkg/crypto/rsa.h"

namespace cairn::crypto {
namespace {

using ::testing::HasSubstr;

// The fingerprint is what the tools of others compute, and key and certificate belong together.
TEST(TlsIdentity, OpensslSeesTheSameKeyInKeyCertificateAndFingerprint) {
    const TemporaryDirectory directory;
    const TlsIdentity identity = make_tls_identity("laptop");
    const auto key = identity.key_pem.span();
    write_file(directory.path() / "key", {reinterpret_cast<const char*>(key.data()), key.size()});
    write_file(directory.path() / "certificate", identity.certificate_pem);
    const auto openssl = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "openssl");
        return run_command_checked({.arguments = words, .directory = directory.path()});
    };
    const std::string of_key = openssl({"pkey", "-in", "key", "-pubout"});
    EXPECT_EQ(openssl({"x509", "-in", "certificate", "-noout", "-pubkey"}), of_key);
    EXPECT_EQ(hash_sha256(der_of_pem(of_key)), key_fingerprint(identity.certificate_pem));
    const std::string text = openssl({"x509", "-in", "certificate", "-noout", "-text"});
    EXPECT_THAT(text, HasSubstr("NIST CURVE: P-256"));
    EXPECT_THAT(text, HasSubstr("CN = laptop"));
    EXPECT_THAT(text, HasSubstr("2049"));
}

TEST(TlsIdentity, EachHasItsOwnKeyAndPemAndDerHaveOneFingerprint) {
    const std::string one = make_tls_identity("a").certificate_pem;
    EXPECT_NE(key_fingerprint(one), key_fingerprint(make_tls_identity("a").certificate_pem));
    const auto der = parse_certificate(one).der;
    EXPECT_EQ(key_fingerprint({reinterpret_cast<const char*>(der.data()), der.size()}), key_fingerprint(one));
}

TEST(TlsIdentity, RefusesNamesAndTextsThatAreNone) {
    EXPECT_THROW(make_tls_identity(""), UsageError);
    EXPECT_THROW(make_tls_identity(std::string(65, 'a')), UsageError);
    EXPECT_THROW(key_fingerprint(""), Error);
    EXPECT_THROW(key_fingerprint("-----BEGIN CERTIFICATE-----\n"), Error);
}

}  // namespace
}  // namespace cairn::crypto
