#include "pkg/crypto/hash.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <openssl/evp.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"

namespace cairn::crypto {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Lets libsodium choose the fastest code for this processor; without it, it stays with the slowest.
void ensure_sodium() {
    static const int status = sodium_init();
    CHECK(status >= 0);
}

/// Fetched once: OpenSSL's lookup by name costs more than hashing a small file.
const EVP_MD* sha256_method() {
    static const EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CHECK(method != nullptr);
    return method;
}

using Buffer = std::array<std::uint8_t, 128 * 1024>;

/// Hashes what `fd` has from `offset` up to `end` or the file's end; gives where it stopped.
template <class Hasher>
off_t hash_range(int fd, off_t offset, off_t end, Hasher& hasher, const std::string& name) {
    Buffer buffer;
    while (offset < end) {
        const auto wanted = std::min(static_cast<std::uint64_t>(end - offset), std::uint64_t{buffer.size()});
        const ssize_t count = pread(fd, buffer.data(), wanted, offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SystemError("cannot read '" + name + "'");
        if (count == 0) break;
        hasher.update(std::span(buffer).first(static_cast<std::size_t>(count)));
        offset += count;
    }
    return offset;
}

template <class Hasher>
void hash_zeros(off_t count, Hasher& hasher) {
    static constexpr Buffer zeros{};
    for (auto left = static_cast<std::uint64_t>(count); left > 0;) {
        const std::size_t piece = std::min(left, std::uint64_t{zeros.size()});
        hasher.update(std::span(zeros).first(piece));
        left -= piece;
    }
}

template <class Hasher>
Hash hash_descriptor(int fd, const std::string& name) {
    Hasher hasher;
    hash_range(fd, 0, std::numeric_limits<off_t>::max(), hasher, name);
    return hasher.finish();
}

/// Holes are not read: the kernel would fill its cache with zeros, which takes as long as hashing them.
template <class Hasher>
Hash hash_file(const std::filesystem::path& path) {
    const Fd fd = open_file(path, O_RDONLY);
    const std::string name = path.string();
    Hasher hasher;
    for (off_t offset = 0;;) {
        const off_t data = lseek(fd.get(), offset, SEEK_DATA);
        if (data < 0 && errno == ENXIO) {  // a hole up to the end
            const off_t end = lseek(fd.get(), 0, SEEK_END);
            if (end > offset) hash_zeros(end - offset, hasher);
            return hasher.finish();
        }
        if (data < 0) {  // a file system, or a kind of file, that does not tell
            hash_range(fd.get(), offset, std::numeric_limits<off_t>::max(), hasher, name);
            return hasher.finish();
        }
        hash_zeros(data - offset, hasher);
        const off_t hole = lseek(fd.get(), data, SEEK_HOLE);
        offset =
            hash_range(fd.get(), data, hole > data ? hole : std::numeric_limits<off_t>::max(), hasher, name);
    }
}

}  // namespace

std::string Hash::to_hex() const {
    return cairn::to_hex(bytes_);
}

std::optional<Hash> find_hash(std::string_view hex) {
    if (hex.size() != 2 * Hash::size) return std::nullopt;
    const auto bytes = cairn::find_hex(hex);
    if (!bytes) return std::nullopt;
    return Hash(std::span<const std::uint8_t, Hash::size>(*bytes));
}

Hash parse_hash(std::string_view hex) {
    const auto hash = find_hash(hex);
    if (!hash) throw Error("'" + std::string(hex) + "' is not a hash: 64 hexadecimal digits are expected");
    return *hash;
}

Hash hash_blake2b(std::span<const std::uint8_t> bytes) {
    ensure_sodium();
    std::array<std::uint8_t, Hash::size> result;
    crypto_generichash(result.data(), result.size(), bytes.data(), bytes.size(), nullptr, 0);
    return Hash(result);
}

Hash hash_blake2b(std::string_view text) {
    return hash_blake2b(bytes_of(text));
}

Hash hash_sha256(std::span<const std::uint8_t> bytes) {
    std::array<std::uint8_t, Hash::size> result;
    CHECK(EVP_Digest(bytes.data(), bytes.size(), result.data(), nullptr, sha256_method(), nullptr) == 1);
    return Hash(result);
}

Hash hash_sha256(std::string_view text) {
    return hash_sha256(bytes_of(text));
}

Hash hash_file_blake2b(int fd, const std::string& name) {
    return hash_descriptor<Blake2bHasher>(fd, name);
}

Hash hash_file_blake2b(const std::filesystem::path& path) {
    return hash_file<Blake2bHasher>(path);
}

Hash hash_file_sha256(int fd, const std::string& name) {
    return hash_descriptor<Sha256Hasher>(fd, name);
}

Hash hash_file_sha256(const std::filesystem::path& path) {
    return hash_file<Sha256Hasher>(path);
}

static_assert(sizeof(crypto_generichash_state) <= 384 && alignof(crypto_generichash_state) <= 64);

Blake2bHasher::Blake2bHasher() {
    ensure_sodium();
    start();
}

void Blake2bHasher::start() {
    crypto_generichash_init(reinterpret_cast<crypto_generichash_state*>(state_.data()), nullptr, 0,
                            Hash::size);
}

void Blake2bHasher::update(std::span<const std::uint8_t> bytes) {
    crypto_generichash_update(reinterpret_cast<crypto_generichash_state*>(state_.data()), bytes.data(),
                              bytes.size());
}

void Blake2bHasher::update(std::string_view text) {
    update(bytes_of(text));
}

void Blake2bHasher::update_number(std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    update(bytes);
}

Hash Blake2bHasher::finish() {
    std::array<std::uint8_t, Hash::size> result;
    crypto_generichash_final(reinterpret_cast<crypto_generichash_state*>(state_.data()), result.data(),
                             result.size());
    start();
    return Hash(result);
}

void Sha256Hasher::FreeContext::operator()(void* context) const {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
    CHECK(context_ != nullptr);
    start();
}

void Sha256Hasher::start() {
    CHECK(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_.get()), sha256_method(), nullptr) == 1);
}

void Sha256Hasher::update(std::span<const std::uint8_t> bytes) {
    CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size()) == 1);
}

void Sha256Hasher::update(std::string_view text) {
    update(bytes_of(text));
}

Hash Sha256Hasher::finish() {
    std::array<std::uint8_t, Hash::size> result;
    CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), result.data(), nullptr) == 1);
    start();
    return Hash(result);
}

void Sha512Hasher::FreeContext::operator()(void* context) const {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha512Hasher::Sha512Hasher() : context_(EVP_MD_CTX_new()) {
    CHECK(context_ != nullptr);
    CHECK(EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha512(), nullptr) == 1);
}

void Sha512Hasher::update(std::span<const std::uint8_t> bytes) {
    CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size()) == 1);
}

std::string Sha512Hasher::finish_hex() {
    std::array<std::uint8_t, 64> result;
    CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), result.data(), nullptr) == 1);
    return to_hex(result);
}

}  // namespace cairn::crypto
