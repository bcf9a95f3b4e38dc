#include "pkg/tuf/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/tuf/canonical.h"
#include "pkg/tuf/envelope.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"

namespace cairn::tuf {
namespace {

using testing::HasSubstr;

std::string text_of_hex(std::string_view hex) {
    const auto bytes = find_hex(hex).value();
    return {bytes.begin(), bytes.end()};
}

TEST(CanonicalJson, HasSortedKeysAndEscapesTwoCharacters) {
    const Json json =
        parse_json("{\"b\": [1, true, null, -2], \"a\": \"x\\\\y\\\"\\n\\u00e9\", \"B\": {}}", "test");
    EXPECT_EQ(format_canonical(json), "{\"B\":{},\"a\":\"x\\\\y\\\"\n\u00e9\",\"b\":[1,true,null,-2]}");
    EXPECT_THROW(format_canonical(parse_json("[1.5]", "test")), Error);
}

// RFC 8032, section 7.1, test 2.
TEST(TufKey, VerifiesEd25519) {
    const Key key{"ed25519", "ed25519", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"};
    const std::string signature =
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    EXPECT_TRUE(is_signed(key, "\x72", signature));
    EXPECT_FALSE(is_signed(key, "\x73", signature));
    EXPECT_FALSE(is_signed(key, "\x72", signature.substr(2)));
    EXPECT_FALSE(is_signed(key, "\x72", "no digits"));
    EXPECT_EQ(id_of(key), crypto::key_id(crypto::parse_public_key(key.value)));
}

// RFC 6979, section A.2.5, SHA-256, message "sample".
TEST(TufKey, VerifiesEcdsaOnP256) {
    const std::string der = text_of_hex(
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    const TemporaryDirectory directory;
    write_file(directory.path() / "key.der", der);
    const std::string pem =
        run_command_checked({.arguments = {"openssl", "pkey", "-pubin", "-inform", "DER", "-in",
                                           (directory.path() / "key.der").string()}});
    const std::string signature =
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    for (const char* type : {"ecdsa", "ecdsa-sha2-nistp256"}) {
        const Key key{type, "ecdsa-sha2-nistp256", pem};
        EXPECT_TRUE(is_signed(key, "sample", signature));
        EXPECT_FALSE(is_signed(key, "Sample", signature));
        EXPECT_FALSE(is_signed(key, "sample", signature + "00"));
    }
    EXPECT_FALSE(is_signed({"rsa", "rsassa-pss-sha256", pem}, "sample", signature));
    EXPECT_FALSE(is_signed({"ecdsa", "ecdsa-sha2-nistp256", "no key"}, "sample", signature));
    // One key, however it is listed and however its PEM is folded.
    EXPECT_EQ(identity_of({"ecdsa", "ecdsa-sha2-nistp256", pem}),
              identity_of({"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", pem + "\n"}));
}

TEST(TufKey, VerifiesRsaPssByAnotherProgram) {
    const TemporaryDirectory directory;
    const std::string secret = directory.path() / "key.pem";
    const std::string message = directory.path() / "message";
    write_file(message, "sample");
    run_command_checked({.arguments = {"openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                                       "rsa_keygen_bits:2048", "-out", secret}});
    const std::string pem = run_command_checked({.arguments = {"openssl", "pkey", "-in", secret, "-pubout"}});
    const Key key{"rsa", "rsassa-pss-sha256", pem};
    for (const char* salt : {"digest", "max"}) {
        const std::string raw = run_command_checked(
            {.arguments = {"openssl", "dgst", "-sha256", "-sign", secret, "-sigopt", "rsa_padding_mode:pss",
                           "-sigopt", std::string("rsa_pss_saltlen:") + salt, message}});
        const std::string signature = to_hex({reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()});
        EXPECT_TRUE(is_signed(key, "sample", signature)) << salt;
        EXPECT_FALSE(is_signed(key, "Sample", signature)) << salt;
    }
    const std::string other_padding =
        run_command_checked({.arguments = {"openssl", "dgst", "-sha256", "-sign", secret, message}});
    EXPECT_FALSE(is_signed(
        key, "sample",
        to_hex({reinterpret_cast<const std::uint8_t*>(other_padding.data()), other_padding.size()})));
}

TEST(TufTime, HasOneForm) {
    EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_time("2027-01-15T08:00:00Z"), 1'800'000'000);
    EXPECT_EQ(format_time(1'800'000'000), "2027-01-15T08:00:00Z");
    for (const char* bad : {"", "2027-01-15", "2027-01-15T08:00:00+00:00", "2027-02-30T08:00:00Z",
                            "2027-01-15T24:00:00Z", "2027-01-15T08:00:00z", "2027-01-15T08:00:0\xc2Z"})
        EXPECT_THROW(parse_time(bad), Error) << bad;
}

struct BadChange {
    std::string patch;    // JSON merge patch of a good root
    std::string problem;  // words of the refusal
};

TEST(TufMetadata, NamesWhatIsWrongInARoot) {
    Root root;
    root.expires = 1;
    for (const char* role : {"root", "timestamp", "snapshot", "targets"}) root.roles[role] = {{"k"}, 1};
    const Json good = to_json(root);
    EXPECT_EQ(to_json(parse_root(good)), good);
    for (const BadChange& bad :
         {BadChange{R"({"_type": "targets"})", "\"_type\" is not \"root\""},
          {R"({"spec_version": "2.0.0"})", "reads 1.x"},
          {R"({"version": 0})", "\"version\" is 0"},
          {R"({"version": -1})", "\"version\" is not a whole number"},
          {R"({"version": "1"})", "\"version\" is not a whole number"},
          {R"({"version": 99999999999999999999})", "\"version\" is not a whole number"},
          {R"({"expires": "soon"})", "\"expires\" 'soon' is not a time"},
          {R"({"consistent_snapshot": 1})", "neither true nor false"},
          {R"({"roles": {"snapshot": null}})", "\"snapshot\" is missing"},
          {R"({"roles": {"root": {"threshold": 0}}})", "\"threshold\" is 0"},
          {R"({"roles": {"root": {"keyids": ["a", "a"]}}})", "names a key twice"},
          {R"({"keys": {"a": {"keytype": "rsa"}}})", "\"scheme\" is missing"}}) {
        Json json = good;
        json.merge_patch(Json::parse(bad.patch));
        try {
            parse_root(json);
            ADD_FAILURE() << bad.patch;
        } catch (const Error& error) {
            EXPECT_THAT(error.message(), HasSubstr(bad.problem));
        }
    }
}

TEST(TufMetadata, RefusesDelegationsThatCannotBe) {
    Targets targets;
    targets.expires = 1;
    targets.delegations.emplace();
    targets.delegations->roles = {{.name = "a", .keys = {{"k"}, 1}, .paths = {"*"}}};
    const Json good = to_json(targets);
    EXPECT_EQ(to_json(parse_targets(good)), good);
    const auto expect_refusal = [&](const std::function<void(Json&)>& change, const std::string& problem) {
        Json json = good;
        change(json["delegations"]["roles"]);
        try {
            parse_targets(json);
            ADD_FAILURE() << problem;
        } catch (const Error& error) {
            EXPECT_THAT(error.message(), HasSubstr(problem));
        }
    };
    expect_refusal([](Json& roles) { roles.push_back(roles[0]); }, "has 'a' twice");
    expect_refusal([](Json& roles) { roles[0]["name"] = "snapshot"; }, "must not be \"snapshot\"");
    expect_refusal([](Json& roles) { roles[0].erase("paths"); }, "one of the two must be there");
    expect_refusal([](Json& roles) { roles[0]["path_hash_prefixes"] = {"0"}; },
                   "one of the two must be there");
    expect_refusal([](Json& roles) { roles[0]["paths"] = {1}; }, "not text");
}

TEST(TufNames, PatternsMatchPartByPart) {
    const auto matches = [](const char* pattern, const char* target) {
        return covers({.name = "a", .paths = {pattern}}, target);
    };
    EXPECT_TRUE(matches("images/*/x", "images/a/x"));
    EXPECT_TRUE(matches("*.txt", "a.txt"));
    EXPECT_TRUE(matches("file-?", "file-1"));
    EXPECT_FALSE(matches("*", "a/b"));
    EXPECT_FALSE(matches("images/*", "images/a/b"));
    EXPECT_FALSE(matches("a", "A"));
}

TEST(TufNames, NoRoleReachesOutOfItsDirectory) {
    EXPECT_EQ(metadata_file_name("../a b/\xc3\xa9?#", 7), "7...%2Fa%20b%2F%C3%A9%3F%23.json");
    EXPECT_EQ(quote_path("a/b c"), "a/b%20c");
    for (const char* bad : {"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/."})
        EXPECT_THROW(check_target_name(bad), Error) << bad;
    check_target_name("a/..b/c.");
}

TEST(TufFile, MustHaveAHashThatWeKnow) {
    const std::string sha512 =
        "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8"
        "c5da0c4663475c2e5c3adef46f73bcdec043";
    check_bytes("hello", {.length = 5, .hashes = {{"sha512", sha512}}}, "file");
    EXPECT_THROW(check_bytes("hellO", {.length = 5, .hashes = {{"sha512", sha512}}}, "file"), VerifyError);
    EXPECT_THROW(check_bytes("hello", {.length = 4, .hashes = {{"sha512", sha512}}}, "file"), VerifyError);
    EXPECT_THROW(
        check_bytes("hello", {.length = 5, .hashes = {{"md5", "5d41402abc4b2a76b9719d911017c592"}}}, "file"),
        VerifyError);
}

}  // namespace
}  // namespace cairn::tuf
