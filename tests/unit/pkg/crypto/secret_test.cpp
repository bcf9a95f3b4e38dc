#include "pkg/crypto/secret.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::crypto {
namespace {

Derivation cheap_derivation() {
    Derivation derivation = make_derivation();
    derivation.operations = 1;
    derivation.memory = 8 << 20;
    return derivation;
}

TEST(Secret, OpensWithItsPassphraseOnly) {
    const std::vector<std::uint8_t> secret{1, 2, 3};
    const Derivation derivation = cheap_derivation();
    const SealedSecret sealed = seal_secret(secret, derive_key("correct", derivation));
    const SecretBytes opened = unseal_secret(sealed, derive_key("correct", derivation));
    EXPECT_TRUE(std::ranges::equal(opened.span(), secret));
    EXPECT_THROW(unseal_secret(sealed, derive_key("wrong", derivation)), VerifyError);
    EXPECT_THROW(unseal_secret(sealed, derive_key("correct", cheap_derivation())),
                 VerifyError);  // other salt
}

TEST(Secret, RefusesEveryChangedBitAndLength) {
    const std::vector<std::uint8_t> secret{1, 2, 3};
    const SecretBytes key = derive_key("p", cheap_derivation());
    const SealedSecret sealed = seal_secret(secret, key);
    for (std::size_t bit = 0; bit < 8 * sealed.box.size(); ++bit) {
        SealedSecret changed = sealed;
        changed.box[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        EXPECT_THROW(unseal_secret(changed, key), VerifyError);
    }
    for (std::size_t length = 0; length < sealed.box.size(); ++length) {
        SealedSecret changed = sealed;
        changed.box.resize(length);
        EXPECT_THROW(unseal_secret(changed, key), VerifyError);
    }
    SealedSecret changed = sealed;
    changed.nonce.pop_back();
    EXPECT_THROW(unseal_secret(changed, key), VerifyError);
}

TEST(Secret, RefusesCostsThatWouldExhaustTheMachine) {
    Derivation derivation = cheap_derivation();
    derivation.memory = std::uint64_t{1} << 40;
    EXPECT_THROW(derive_key("p", derivation), Error);
    derivation = cheap_derivation();
    derivation.operations = 1'000'000;
    EXPECT_THROW(derive_key("p", derivation), Error);
}

}  // namespace
}  // namespace cairn::crypto
