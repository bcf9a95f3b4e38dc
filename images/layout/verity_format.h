#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// The dm-verity parameters that every Cairn image has: superblock version 1, hash type 1, SHA-256, blocks of
/// 4096 bytes for data and hashes, and one fixed salt. They never change between versions of an image: only
/// so does a leaf of the tree name a block of content, which is what updates look blocks up by. The salt is
/// no secret.
namespace cairn::layout {

inline constexpr std::uint32_t verity_block_size = 4096;
inline constexpr std::uint32_t verity_superblock_version = 1;
inline constexpr std::uint32_t verity_hash_type = 1;
inline constexpr std::string_view verity_algorithm = "sha256";
inline constexpr std::uint32_t verity_hash_size = 32;
inline constexpr std::uint32_t verity_hashes_per_block = verity_block_size / verity_hash_size;

/// SHA-256 of "cairn dm-verity salt".
inline constexpr std::array<std::uint8_t, 32> verity_salt = {
    0x1f, 0xcc, 0xed, 0xd2, 0x33, 0x9f, 0xb2, 0x9b, 0x5a, 0xb2, 0x9b, 0x6d, 0xa9, 0x60, 0xbf, 0xb3,
    0x76, 0x32, 0x3c, 0xee, 0x48, 0xd3, 0xd2, 0xec, 0x24, 0xab, 0x84, 0x45, 0xe3, 0xb4, 0xcb, 0x29};

/// Offsets in the superblock, which is the first 512 bytes of the hash partition; numbers are little-endian.
/// The hash tree starts at the next block, the top level first.
namespace verity_superblock {
inline constexpr std::string_view signature = {"verity\0\0", 8};  // at 0
inline constexpr std::size_t version = 8;                         // 32 bits
inline constexpr std::size_t hash_type = 12;                      // 32 bits
inline constexpr std::size_t uuid = 16;                           // 16 bytes: the first half of the root hash
inline constexpr std::size_t algorithm = 32;                      // 32 bytes, padded with NUL
inline constexpr std::size_t data_block_size = 64;                // 32 bits
inline constexpr std::size_t hash_block_size = 68;                // 32 bits
inline constexpr std::size_t data_blocks = 72;                    // 64 bits
inline constexpr std::size_t salt_size = 80;                      // 16 bits
inline constexpr std::size_t salt = 88;                           // 256 bytes, padded with NUL
inline constexpr std::size_t size = 512;
}  // namespace verity_superblock

}  // namespace cairn::layout
