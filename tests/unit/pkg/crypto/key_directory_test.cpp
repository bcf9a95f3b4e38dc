#include "pkg/crypto/key_directory.h"

#include <sys/stat.h>

#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/crypto/key_file.h"

namespace cairn::crypto {
namespace {

const std::filesystem::path test_keys = std::filesystem::path(CAIRN_SOURCE_DIR) / "tests/data/keys";

std::vector<std::uint8_t> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

/// A copy of the test keys with the secrets of one role locked; a whole locked directory would take twelve
/// times as long to make.
struct LockedKey {
    TemporaryDirectory directory;
    std::filesystem::path path = directory.path() / "keys";

    explicit LockedKey(const std::string& passphrase) {
        std::filesystem::copy(test_keys, path);
        const SecretBytes seed(read_key_file(path / "package.key", Role::package).plain.span());
        Derivation derivation = make_derivation();
        derivation.operations = 1;
        derivation.memory = 8 << 20;
        std::filesystem::remove(path / "package.key");
        write_key_file(path / "package.key",
                       {.role = Role::package,
                        .derivation = derivation,
                        .sealed = seal_secret(seed.span(), derive_key(passphrase, derivation))});
    }
};

TEST(KeyDirectory, InitMakesEveryKeyAndNeverOverwrites) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "config/cairn/keys";
    KeyDirectory keys = KeyDirectory::init(path, std::nullopt);
    EXPECT_TRUE(keys.is_development());
    for (const RoleInfo& info : all_roles) {
        struct stat status{};
        ASSERT_EQ(::stat((path / std::format("{}.key", info.name)).c_str(), &status), 0) << info.name;
        EXPECT_EQ(status.st_mode & 07777, 0600U) << info.name;
        if (info.kind == KeyKind::ed25519) {
            EXPECT_EQ(keys.signer(info.role)->public_key(), keys.public_key(info.role));
        } else {
            EXPECT_EQ(rsa_bits(keys.rsa_public_key(info.role)),
                      info.kind == KeyKind::rsa_3072 ? 3072U : 2048U);
            EXPECT_EQ(keys.rsa_signer(info.role)->public_key(), keys.rsa_public_key(info.role));
        }
    }
    const std::string before = read_file(path / "root.key");
    EXPECT_THROW(KeyDirectory::init(path, std::nullopt), UsageError);
    EXPECT_EQ(read_file(path / "root.key"), before);
}

TEST(KeyDirectory, InitRefusesADirectoryWithOtherFiles) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "letter", "dear");
    EXPECT_THROW(KeyDirectory::init(directory.path(), std::nullopt), UsageError);
    EXPECT_EQ(read_file(directory.path() / "letter"), "dear");
    EXPECT_FALSE(KeyDirectory::exists(directory.path()));
}

TEST(KeyDirectory, InitWithAPassphraseLocksTheSecrets) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "keys";
    EXPECT_THROW(KeyDirectory::init(path, ""), UsageError);
    KeyDirectory::init(path, "open sesame");
    EXPECT_FALSE(KeyDirectory::open(path).is_development());
    EXPECT_TRUE(read_key_file(path / "module.key", Role::module).derivation.has_value());
    EXPECT_THROW(KeyDirectory::open(path).signer(Role::root), UsageError);  // locked, and nobody to ask
    int asked = 0;
    KeyDirectory keys = KeyDirectory::open(path, {.passphrase = [&](const auto&) {
                                               ++asked;
                                               return std::string("open sesame");
                                           }});
    EXPECT_EQ(keys.signer(Role::root)->public_key(), keys.public_key(Role::root));
    EXPECT_EQ(keys.rsa_signer(Role::pcr)->public_key(), keys.rsa_public_key(Role::pcr));
    EXPECT_EQ(asked, 1);
}

TEST(KeyDirectory, WrongPassphraseIsRefused) {
    const LockedKey locked("right");
    KeyDirectory keys =
        KeyDirectory::open(locked.path, {.passphrase = [](const auto&) { return std::string("wrong"); }});
    EXPECT_THROW(keys.signer(Role::package), VerifyError);
    KeyDirectory right =
        KeyDirectory::open(locked.path, {.passphrase = [](const auto&) { return std::string("right"); }});
    EXPECT_EQ(right.signer(Role::package)->public_key(), right.public_key(Role::package));
}

TEST(KeyDirectory, RefusesAKeyInAnotherRolesFile) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "keys";
    std::filesystem::copy(test_keys, path);
    std::filesystem::copy_file(path / "root.key", path / "package.key",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_THROW(KeyDirectory::open(path).signer(Role::package), Error);
}

TEST(KeyDirectory, RefusesASecretThatDoesNotFitThePublicFile) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "keys";
    std::filesystem::copy(test_keys, path);
    std::filesystem::remove(path / "package.key");
    write_key_file(path / "package.key", {.role = Role::package, .plain = SecretKey::generate().seed()});
    EXPECT_THROW(KeyDirectory::open(path).signer(Role::package), Error);
}

TEST(KeyDirectory, DamagedKeyFilesNameTheFile) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "keys";
    std::filesystem::copy(test_keys, path);
    for (const char* content :
         {"", "{", "{}", R"({"version":1,"role":"root","kind":"ed25519","public":"zz"})"}) {
        write_file(path / "root.pub", content);
        try {
            KeyDirectory::open(path).public_key(Role::root);
            ADD_FAILURE() << content;
        } catch (const Error& error) {
            EXPECT_TRUE(error.report().contains("root.pub")) << error.report();
        }
    }
}

TEST(KeyDirectory, WithoutKeysSaysHowToMakeThem) {
    const TemporaryDirectory directory;
    try {
        KeyDirectory::open(directory.path());
        ADD_FAILURE();
    } catch (const UsageError& error) {
        EXPECT_TRUE(error.hint().contains("cairn keys init"));
    }
}

/// Makes a program that signs as a command for --key-command would; needs the openssl program for Ed25519.
std::string make_signing_command(const TemporaryDirectory& directory, const std::string& script) {
    const auto path = directory.path() / "signer";
    write_file(path, "#!/bin/sh\n" + script, 0755);
    return path.string();
}

TEST(KeyCommand, SignsAndIsChecked) {
    const TemporaryDirectory directory;
    SecretKey key(read_key_file(test_keys / "package.key", Role::package).plain.span().first<32>());
    const Signature expected = sign(key, "test", bytes("message"));
    write_file(directory.path() / "signature", std::string(expected.bytes().begin(), expected.bytes().end()));
    const std::string record =
        std::format("cat > {0}/message; echo \"$* $CAIRN_KEY_ALGORITHM\" > {0}/arguments; cat {0}/signature",
                    directory.path().string());
    KeyDirectory keys =
        KeyDirectory::open(test_keys, {.command = make_signing_command(directory, record) + " --slot 3"});
    EXPECT_EQ(sign(*keys.signer(Role::package), "test", bytes("message")), expected);
    EXPECT_EQ(read_file(directory.path() / "message"), "cairn 1 test\nmessage");
    EXPECT_EQ(read_file(directory.path() / "arguments"), "--slot 3 package ed25519\n");
    // The same answer to another question is no signature of it.
    EXPECT_THROW(sign(*keys.signer(Role::package), "test", bytes("other")), VerifyError);
}

TEST(KeyCommand, FailuresAndWrongLengthsAreRefused) {
    const TemporaryDirectory directory;
    const auto signer_by = [&](const std::string& script) {
        return KeyDirectory::open(test_keys, {.command = make_signing_command(directory, script)});
    };
    EXPECT_THROW(sign(*signer_by("exit 3").signer(Role::package), "test", bytes("m")), CommandError);
    EXPECT_THROW(sign(*signer_by("echo short").signer(Role::package), "test", bytes("m")), VerifyError);
    EXPECT_THROW(signer_by("echo short").rsa_signer(Role::module)->sign_sha256(bytes("m")), VerifyError);
}

TEST(Role, IsFoundByNameOrTheNearestIsNamed) {
    EXPECT_EQ(parse_role("secure-boot-db"), Role::secure_boot_db);
    for (const RoleInfo& info : all_roles) EXPECT_EQ(parse_role(info.name), info.role);
    try {
        parse_role("pakage");
        ADD_FAILURE();
    } catch (const UsageError& error) {
        EXPECT_TRUE(error.hint().contains("'package'")) << error.hint();
    }
}

}  // namespace
}  // namespace cairn::crypto
