#include "pkg/crypto/key.h"

#include <gtest/gtest.h>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::crypto {
namespace {

std::vector<std::uint8_t> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

TEST(Ed25519, KnowsAnExampleOfRfc8032) {
    // RFC 8032, 7.1, test 2.
    const auto seed = *find_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    SecretKey key{std::span<const std::uint8_t, 32>(seed)};
    EXPECT_EQ(key.public_key().to_hex(), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const std::vector<std::uint8_t> message{0x72};
    EXPECT_EQ(key.sign_bytes(message).to_hex(),
              "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, RefusesChangedMessageSignatureKeyAndPurpose) {
    SecretKey key = SecretKey::generate();
    const auto message = bytes("message");
    const Signature signature = sign(key, "one-purpose", message);
    EXPECT_NO_THROW(verify_signature(key.public_key(), "one-purpose", message, signature, "it"));
    EXPECT_THROW(verify_signature(key.public_key(), "other-purpose", message, signature, "it"), VerifyError);
    EXPECT_THROW(verify_signature(key.public_key(), "one-purpose", bytes("massage"), signature, "it"),
                 VerifyError);
    EXPECT_THROW(
        verify_signature(SecretKey::generate().public_key(), "one-purpose", message, signature, "it"),
        VerifyError);
    EXPECT_THROW(verify_signature_bytes(key.public_key(), message, signature, "it"), VerifyError);
    for (std::size_t bit = 0; bit < 8 * Signature::size; ++bit) {
        std::array<std::uint8_t, Signature::size> changed;
        std::ranges::copy(signature.bytes(), changed.begin());
        changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        EXPECT_THROW(verify_signature(key.public_key(), "one-purpose", message, Signature(changed), "it"),
                     VerifyError);
    }
}

TEST(Ed25519, RefusesTheKeyOfSmallOrderThatSignsEverything) {
    // The neutral element as key, and R = neutral element, S = 0: holds for every message in a careless
    // verifier.
    std::array<std::uint8_t, 32> neutral{1};
    std::array<std::uint8_t, 64> signature{1};
    EXPECT_THROW(verify_signature_bytes(PublicKey(neutral), bytes("any"), Signature(signature), "it"),
                 VerifyError);
}

TEST(Ed25519, KeyComesBackFromItsSeed) {
    SecretKey key = SecretKey::generate();
    const SecretBytes seed = key.seed();
    const SecretKey again(seed.span().first<32>());
    EXPECT_EQ(again.public_key(), key.public_key());
}

TEST(Ed25519, KeyIdIsThatOfTuf) {
    // SHA-256 of {"keytype":"ed25519","keyval":{"public":"3d40…"},"scheme":"ed25519"}, computed elsewhere.
    const PublicKey key =
        parse_public_key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    EXPECT_EQ(key_id(key), "eaf1e23f6c823132f437a2eaa299a7950f7386631deff273db195bbd26209e2b");
    EXPECT_EQ(parse_public_key(key.to_hex()), key);
    EXPECT_THROW(parse_public_key("3d40"), Error);
}

}  // namespace
}  // namespace cairn::crypto
