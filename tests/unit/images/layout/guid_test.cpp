#include "images/layout/guid.h"

#include <gtest/gtest.h>

#include "images/layout/seed.h"
#include "images/layout/verity_format.h"
#include "pkg/base/error.h"

namespace cairn::layout {
namespace {

TEST(Guid, IsStoredWithItsFirstFieldsLittleEndian) {
    const Guid guid = parse_guid("C12A7328-f81f-11d2-ba4b-00a0c93ec93b");
    EXPECT_EQ(guid.bytes[0], 0x28);
    EXPECT_EQ(guid.bytes[3], 0xc1);
    EXPECT_EQ(guid.bytes[4], 0x1f);
    EXPECT_EQ(guid.bytes[8], 0xba);
    EXPECT_EQ(to_text(guid), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
}

TEST(Guid, BadTextIsRefused) {
    EXPECT_FALSE(find_guid("c12a7328f81f11d2ba4b00a0c93ec93b"));
    EXPECT_FALSE(find_guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93x"));
    EXPECT_FALSE(find_guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b0"));
    EXPECT_THROW(parse_guid(""), Error);
}

TEST(Guid, HalvesOfTheRootHashShowInText) {
    const auto hash = crypto::parse_hash("00112233445566778899aabbccddeeff102132435465768798a9babbdcddeeff");
    EXPECT_EQ(to_text(root_guid(hash)), "00112233-4455-6677-8899-aabbccddeeff");
    EXPECT_EQ(to_text(root_verity_guid(hash)), "10213243-5465-7687-98a9-babbdcddeeff");
}

TEST(Seed, GivesStableAndDistinctVersion4Guids) {
    const crypto::Hash seed = make_seed("base", "1.0", "x86_64");
    EXPECT_EQ(derive_guid(seed, "disk"), derive_guid(seed, "disk"));
    EXPECT_NE(derive_guid(seed, "disk"), derive_guid(seed, "esp"));
    EXPECT_NE(seed, make_seed("base", "1.0", "aarch64"));
    EXPECT_NE(make_seed("a", "bc", ""), make_seed("ab", "c", ""));
    EXPECT_EQ(to_text(derive_guid(seed, "disk"))[14], '4');
}

TEST(Verity, SaltIsTheOneThatVersionsShare) {
    const crypto::Hash expected = crypto::hash_sha256("cairn dm-verity salt");
    EXPECT_EQ(crypto::Hash(verity_salt), expected);
}

}  // namespace
}  // namespace cairn::layout
