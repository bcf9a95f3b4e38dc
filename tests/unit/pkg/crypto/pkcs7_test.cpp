#include "pkg/crypto/pkcs7.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/crypto/key_directory.h"

namespace cairn::crypto {
namespace {

const std::filesystem::path test_keys = std::filesystem::path(CAIRN_SOURCE_DIR) / "tests/data/keys";

struct ModuleKey {
    KeyDirectory keys = KeyDirectory::open(test_keys);
    std::unique_ptr<RsaSigner> signer = keys.rsa_signer(Role::module);
    Certificate certificate = keys.certificate(Role::module);
};

std::vector<std::uint8_t> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

std::string text(std::span<const std::uint8_t> bytes) {
    return std::string(bytes.begin(), bytes.end());
}

TEST(Pkcs7, IsByteForByteWhatOpensslMakes) {
    // The same flags as scripts/sign-file of Linux uses: no certificates, binary, no signed attributes.
    if (!find_program("openssl")) GTEST_SKIP() << "no openssl program";
    ModuleKey key;
    const TemporaryDirectory directory;
    const auto path = [&](const char* name) { return (directory.path() / name).string(); };
    const std::string message(5000, 'm');
    write_file(path("message"), message);
    const SecretBytes pkcs8 = dynamic_cast<RsaSecretKey&>(*key.signer).to_pkcs8();
    write_file(path("key.der"), text(pkcs8.span()));
    run_command_checked({.arguments = {"openssl",
                                       "cms",
                                       "-sign",
                                       "-in",
                                       path("message"),
                                       "-signer",
                                       (test_keys / "module.pem").string(),
                                       "-inkey",
                                       path("key.der"),
                                       "-keyform",
                                       "DER",
                                       "-binary",
                                       "-nocerts",
                                       "-noattr",
                                       "-md",
                                       "sha256",
                                       "-outform",
                                       "DER",
                                       "-out",
                                       path("theirs")}});
    EXPECT_EQ(text(make_pkcs7_signature(bytes(message), *key.signer, key.certificate)),
              read_file(path("theirs")));
}

TEST(ModuleSignature, HasTheLayoutThatTheKernelReads) {
    ModuleKey key;
    const auto module = bytes(
        "\x7f"
        "ELF module");
    const auto appended = make_module_signature(module, *key.signer, key.certificate);
    const std::string magic = "~Module signature appended~\n";
    ASSERT_GT(appended.size(), magic.size() + 12);
    EXPECT_EQ(text(std::span(appended).last(magic.size())), magic);
    const auto trailer = std::span(appended).subspan(appended.size() - magic.size() - 12, 12);
    const auto pkcs7 = make_pkcs7_signature(module, *key.signer, key.certificate);
    const std::vector<std::uint8_t> expected{0,
                                             0,
                                             2,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             static_cast<std::uint8_t>(pkcs7.size() >> 8),
                                             static_cast<std::uint8_t>(pkcs7.size())};
    EXPECT_TRUE(std::ranges::equal(trailer, expected));
    EXPECT_TRUE(std::ranges::equal(std::span(appended).first(pkcs7.size()), pkcs7));
    EXPECT_EQ(appended.size(), module_signature_size(key.certificate));
    EXPECT_EQ(appended, make_module_signature(module, *key.signer, key.certificate));  // deterministic
}

TEST(ModuleSignature, RefusesASignedModule) {
    ModuleKey key;
    auto module = bytes("module");
    const auto signature = make_module_signature(module, *key.signer, key.certificate);
    module.insert(module.end(), signature.begin(), signature.end());
    EXPECT_THROW(make_module_signature(module, *key.signer, key.certificate), Error);
}

TEST(Certificate, DependsOnKeyAndNameOnly) {
    const auto pkcs8 = RsaSecretKey::generate(2048).to_pkcs8();
    const RsaSecretKey key(pkcs8.span());
    const Certificate one = make_certificate(key, "A name");
    EXPECT_EQ(one, make_certificate(RsaSecretKey(pkcs8.span()), "A name"));
    EXPECT_NE(one, make_certificate(key, "Another name"));
    EXPECT_EQ(one.public_key(), key.public_key());
    EXPECT_EQ(parse_certificate(one.to_pem()), one);
    EXPECT_EQ(parse_rsa_public_key(key.public_key().to_pem()), key.public_key());
}

TEST(Rsa, RefusesChangedMessages) {
    ModuleKey key;
    const auto signature = key.signer->sign_sha256(bytes("message"));
    EXPECT_EQ(signature, key.signer->sign_sha256(bytes("message")));
    EXPECT_NO_THROW(verify_rsa_sha256(key.signer->public_key(), bytes("message"), signature, "it"));
    EXPECT_THROW(verify_rsa_sha256(key.signer->public_key(), bytes("massage"), signature, "it"), VerifyError);
    EXPECT_THROW(verify_rsa_sha256(key.keys.rsa_public_key(Role::pcr), bytes("message"), signature, "it"),
                 VerifyError);
}

TEST(Rsa, DamagedKeysAndCertificatesAreRefused) {
    EXPECT_THROW(parse_certificate("nothing"), Error);
    EXPECT_THROW(parse_rsa_public_key("nothing"), Error);
    EXPECT_THROW(RsaSecretKey(std::vector<std::uint8_t>{1, 2, 3}), Error);
}

}  // namespace
}  // namespace cairn::crypto
