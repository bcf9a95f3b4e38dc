#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "installer/disks/block_device.h"

namespace cairn::disks {

/// The root hash of a dm-verity tree: the SHA-256 that names a root file system and proves every block of it.
class RootHash {
  public:
    /// 64 hexadecimal digits, anything else throws UsageError.
    static RootHash parse(std::string_view text);
    static std::optional<RootHash> find(std::string_view text);

    std::string to_text() const;
    /// The first half is also the UUID in the tree's superblock, by which a slot is found.
    std::array<std::uint8_t, 16> first_half() const;
    friend auto operator<=>(const RootHash&, const RootHash&) = default;

  private:
    std::array<std::uint8_t, 32> bytes_ = {};
};

/// What a verity superblock says (512 bytes at the start of the hash partition). Nothing in it is believed
/// further than this: the tree below must hash to the root hash that the signed command line names.
struct VeritySuperblock {
    std::array<std::uint8_t, 16> uuid = {};
    std::uint32_t data_block_size = 0;
    std::uint32_t hash_block_size = 0;
    std::uint64_t data_blocks = 0;
    std::vector<std::uint8_t> salt = {};
    friend bool operator==(const VeritySuperblock&, const VeritySuperblock&) = default;
};

/// Empty when this is no superblock, or one with settings that no Cairn image has (SHA-256, type 1, 4096-byte
/// blocks).
std::optional<VeritySuperblock> find_verity_superblock(std::span<const std::uint8_t> bytes);

/// What the kernel does at a block that does not match.
enum class OnCorruption {
    report,  // reading gives EIO: a version that is known to be good keeps running
    panic,   // a version on trial: the machine restarts and, in the end, falls back
};

/// The kernel's table line for the target `verity`; devices as "major:minor".
std::string make_verity_table(const VeritySuperblock& superblock, const RootHash& root_hash,
                              std::string_view data_device, std::string_view hash_device,
                              OnCorruption on_corruption);

}  // namespace cairn::disks
