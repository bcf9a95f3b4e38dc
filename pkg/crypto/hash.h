#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Hashes of 32 bytes. BLAKE2b-256 (libsodium) names everything of our own: chunks, staged trees, packages,
/// build keys. SHA-256 (libcrypto) is for what others define: pinned sources, TUF, verity.
namespace cairn::crypto {

/// A hash value. Which function made it is known from the place it stands in. Default-made it is all zero,
/// which stands for «none» where a hash may be missing.
class Hash {
  public:
    static constexpr std::size_t size = 32;

    Hash() = default;
    explicit Hash(std::span<const std::uint8_t, size> bytes) {
        std::memcpy(bytes_.data(), bytes.data(), size);
    }

    std::span<const std::uint8_t, size> bytes() const { return bytes_; }
    bool is_zero() const { return *this == Hash(); }
    /// 64 lower-case hexadecimal digits.
    std::string to_hex() const;

    auto operator<=>(const Hash&) const = default;

  private:
    std::array<std::uint8_t, size> bytes_{};
};

/// Throws Error unless `hex` is exactly 64 hexadecimal digits.
Hash parse_hash(std::string_view hex);
/// Empty where parse_hash would throw.
std::optional<Hash> find_hash(std::string_view hex);

Hash hash_blake2b(std::span<const std::uint8_t> bytes);
Hash hash_blake2b(std::string_view text);
Hash hash_sha256(std::span<const std::uint8_t> bytes);
Hash hash_sha256(std::string_view text);

/// Hashes a file from its start to its end, in a fixed small buffer. Throws SystemError naming the file.
/// The forms on a descriptor read by position: they neither use nor move the file offset.
Hash hash_file_blake2b(const std::filesystem::path& path);
Hash hash_file_blake2b(int fd, const std::string& name);
Hash hash_file_sha256(const std::filesystem::path& path);
Hash hash_file_sha256(int fd, const std::string& name);

/// BLAKE2b-256 of bytes that come in pieces. After finish() it starts again from nothing.
class Blake2bHasher {
  public:
    Blake2bHasher();
    void update(std::span<const std::uint8_t> bytes);
    void update(std::string_view text);
    /// Eight bytes, little-endian: for counts and lengths inside hashed structures.
    void update_number(std::uint64_t number);
    Hash finish();

  private:
    void start();
    alignas(64) std::array<std::uint8_t, 384> state_;  // crypto_generichash_state
};

/// SHA-256 of bytes that come in pieces. After finish() it starts again from nothing.
class Sha256Hasher {
  public:
    Sha256Hasher();
    void update(std::span<const std::uint8_t> bytes);
    void update(std::string_view text);
    Hash finish();

  private:
    struct FreeContext {
        void operator()(void* context) const;
    };
    void start();
    std::unique_ptr<void, FreeContext> context_;  // EVP_MD_CTX
};

/// SHA-512, which others' metadata has; nothing of our own is named by it. To be used once.
class Sha512Hasher {
  public:
    Sha512Hasher();
    void update(std::span<const std::uint8_t> bytes);
    std::string finish_hex();

  private:
    struct FreeContext {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, FreeContext> context_;  // EVP_MD_CTX
};

}  // namespace cairn::crypto

template <>
struct std::hash<cairn::crypto::Hash> {
    std::size_t operator()(const cairn::crypto::Hash& hash) const noexcept {
        std::size_t value;
        std::memcpy(&value, hash.bytes().data(), sizeof value);
        return value;
    }
};
