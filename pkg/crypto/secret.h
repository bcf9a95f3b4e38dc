#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Secrets in memory, and secrets locked with a passphrase (Argon2id and secretbox of libsodium).
namespace cairn::crypto {

/// Bytes that are wiped when destroyed or moved from. Move-only, so that no copy is left behind by mistake.
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    explicit SecretBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}
    SecretBytes(SecretBytes&& other) noexcept = default;
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    ~SecretBytes() { wipe(); }

    std::uint8_t* data() { return bytes_.data(); }
    const std::uint8_t* data() const { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }
    std::span<const std::uint8_t> span() const { return bytes_; }

  private:
    void wipe();
    std::vector<std::uint8_t> bytes_;
};

/// Fills with random bytes of the system.
void fill_random(std::span<std::uint8_t> bytes);

/// How a passphrase becomes a key. The defaults take about a second and 256 MiB.
struct Derivation {
    static constexpr std::size_t salt_size = 16;
    std::vector<std::uint8_t> salt;
    std::uint64_t operations = 3;
    std::uint64_t memory = std::uint64_t{256} << 20;
    bool operator==(const Derivation&) const = default;
};

/// Default cost and a fresh random salt.
Derivation make_derivation();
/// Argon2id. Throws Error when the cost is outside of what is sensible (8 MiB to 1 GiB, 1 to 16 operations):
/// a hostile file must not exhaust the machine.
SecretBytes derive_key(std::string_view passphrase, const Derivation& derivation);

/// A secret locked with a key of derive_key: a random nonce and the secretbox.
struct SealedSecret {
    std::vector<std::uint8_t> nonce;
    std::vector<std::uint8_t> box;
};
SealedSecret seal_secret(std::span<const std::uint8_t> secret, const SecretBytes& key);
/// Throws VerifyError when the key is wrong or the box was changed.
SecretBytes unseal_secret(const SealedSecret& sealed, const SecretBytes& key);

}  // namespace cairn::crypto
