#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/tuf/key.h"

/// Project Wycheproof's vectors (tests/data/wycheproof/README.md), by the function that all metadata goes
/// through.
namespace cairn::tuf {
namespace {

struct Vectors {
    std::string file;
    std::string type;
    std::string scheme;
    std::size_t count;
    std::size_t right;
};

/// What is called "acceptable" is a signature that old programs wrote wrongly: refused, like everything that
/// has a right form and is in another. Of RSA-PSS we know MGF1 with SHA-256 only, and take salts of any
/// length, as other programs choose them: there, another length than that of the group is no fault.
bool is_right(const Json& group, const Json& test) {
    const bool is_fault =
        test.at(1) != "valid" && !test.at(2).get<std::string>().starts_with("s_len changed");
    return !is_fault && group.value("mgf_hash", "SHA-256") == "SHA-256";
}

std::string bytes_of(const Json& hex) {
    const auto bytes = find_hex(hex.get<std::string>());
    EXPECT_TRUE(bytes);
    return {bytes->begin(), bytes->end()};
}

void expect_right_only(const Vectors& vectors) {
    const std::filesystem::path folder =
        std::filesystem::path(CAIRN_SOURCE_DIR) / "tests" / "data" / "wycheproof";
    std::size_t count = 0, right = 0;
    for (const Json& group : read_json(folder / vectors.file)) {
        const Key key{.type = vectors.type, .scheme = vectors.scheme, .value = group.at("key")};
        for (const Json& test : group.at("tests")) {
            const bool expected = is_right(group, test);
            EXPECT_EQ(is_signed(key, bytes_of(test.at(3)), test.at(4).get<std::string>()), expected)
                << group.at("file") << " " << test;
            ++count;
            right += expected ? 1 : 0;
        }
    }
    EXPECT_EQ(count, vectors.count);
    EXPECT_EQ(right, vectors.right);
}

TEST(Wycheproof, OnlyRightEd25519SignaturesVerify) {
    expect_right_only({"ed25519.json", "ed25519", "ed25519", 145, 84});
}

TEST(Wycheproof, OnlyRightEcdsaSignaturesVerify) {
    expect_right_only({"ecdsa_p256_sha256.json", "ecdsa", "ecdsa-sha2-nistp256", 387, 147});
}

TEST(Wycheproof, OnlyRightRsaPssSignaturesVerify) {
    expect_right_only({"rsa_pss_sha256.json", "rsa", "rsassa-pss-sha256", 439, 264});
}

}  // namespace
}  // namespace cairn::tuf
