#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/crypto/key.h"
#include "pkg/package/identity.h"

/// The head of a package file: everything but the data. FORMAT.md gives every byte.
///
/// The file is preamble (160 bytes, with the signature), head (compressed), data. The signature covers the
/// package's id, and the id is a hash over the preamble's other fields and the head, so over all: the
/// preamble holds the hash of the data too.
namespace cairn::package {

/// One piece of the data: its id is the BLAKE2b-256 of its plain bytes.
struct Chunk {
    crypto::Hash id;
    std::uint32_t plain_size = 0;   // 1 to 256 KiB
    std::uint32_t stored_size = 0;  // equal to plain_size: stored as it is; less: one zstd frame
    bool operator==(const Chunk&) const = default;
};

/// What is signed, as values. The chunks, one after the other, are the contents of the files of `files`, in
/// that order, one after the other.
struct Head {
    Identity identity;
    archive::FileTree files;
    std::vector<Chunk> chunks;
    bool operator==(const Head&) const = default;
};

/// The fixed-size beginning of the file.
struct Preamble {
    static constexpr std::size_t size = 160;

    std::uint32_t head_stored_size = 0;
    std::uint32_t head_plain_size = 0;
    std::uint64_t data_size = 0;
    crypto::Hash data_hash;  // BLAKE2b-256 of the data as stored
    crypto::PublicKey signer;
    crypto::Signature signature;

    std::uint64_t data_offset() const { return size + head_stored_size; }
    std::uint64_t file_size() const { return data_offset() + data_size; }
    bool operator==(const Preamble&) const = default;
};

struct HeadLimits {
    static constexpr std::uint32_t stored = 64U << 20;
    static constexpr std::uint32_t plain = 256U << 20;
    static constexpr std::uint64_t data = std::uint64_t{64} << 30;
    // Expansion of head and data: beyond the free amount, at most this many times the stored size.
    static constexpr std::uint64_t ratio = 1000;
    static constexpr std::uint64_t free_expansion = std::uint64_t{64} << 20;
};

/// Whose signatures are believed. Which key is right is decided elsewhere (the TUF role that lists the
/// package, or a key the caller names); `any_signer` proves only that the file is whole, as whoever signed it
/// made it.
class AllowedKeys {
  public:
    static AllowedKeys any_signer() { return AllowedKeys(); }
    explicit AllowedKeys(std::vector<crypto::PublicKey> keys) : keys_(std::move(keys)) {}
    bool allows(const crypto::PublicKey& key) const;

  private:
    AllowedKeys() = default;
    std::optional<std::vector<crypto::PublicKey>> keys_;
};

/// A head whose signature and structure were checked; only verify_head makes one.
class VerifiedHead {
  public:
    const Head& head() const { return head_; }
    const Preamble& preamble() const { return preamble_; }
    /// Names the package: a hash over all that is signed, so over every byte of the file but the signature.
    const crypto::Hash& id() const { return id_; }
    /// Preamble and head as they are in the file, to be kept without the data.
    std::span<const std::uint8_t> stored_bytes() const { return stored_; }

  private:
    friend VerifiedHead verify_head(std::span<const std::uint8_t>, const AllowedKeys&);
    VerifiedHead() = default;
    std::vector<std::uint8_t> stored_;
    Head head_;
    Preamble preamble_;
    crypto::Hash id_;
};

/// Reads the sizes out of the preamble, so that the head can be fetched. Nothing in it is proven yet but that
/// it keeps the limits. Throws VerifyError for what is no package, or one of another version.
Preamble parse_preamble(std::span<const std::uint8_t> bytes);

/// Checks everything: first the signature over the bytes as they are, then, having unpacked them, every rule
/// of FORMAT.md. Throws VerifyError.
VerifiedHead verify_head(std::span<const std::uint8_t> preamble_and_head, const AllowedKeys& keys);

/// Encodes and signs: preamble and head, ready to be put before the data. Throws VerifyError for what a
/// reader would refuse.
struct SignedHead {
    std::vector<std::uint8_t> bytes;
    crypto::Hash id;
};
SignedHead make_signed_head(const Head& head, std::uint64_t data_size, const crypto::Hash& data_hash,
                            crypto::Signer& signer);

}  // namespace cairn::package
