#include "installer/disks/verity.h"

#include <algorithm>
#include <cstring>
#include <format>

#include "images/layout/verity_format.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

namespace format = layout::verity_superblock;

constexpr std::size_t algorithm_length = 32;
constexpr std::size_t most_salt = 256;

template <class Integer>
Integer load(std::span<const std::uint8_t> bytes, std::size_t offset) {
    Integer value = {};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace

std::optional<RootHash> RootHash::find(std::string_view text) {
    const auto bytes = find_hex(text);
    if (!bytes || bytes->size() != 32) return std::nullopt;
    RootHash hash;
    std::ranges::copy(*bytes, hash.bytes_.begin());
    return hash;
}

RootHash RootHash::parse(std::string_view text) {
    const auto hash = find(text);
    if (!hash)
        throw UsageError(std::format("'{}' is not a root hash: 64 hexadecimal digits are expected", text));
    return *hash;
}

std::string RootHash::to_text() const {
    return to_hex(bytes_);
}

std::array<std::uint8_t, 16> RootHash::first_half() const {
    std::array<std::uint8_t, 16> half = {};
    std::copy_n(bytes_.begin(), half.size(), half.begin());
    return half;
}

std::optional<VeritySuperblock> find_verity_superblock(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < format::size) return std::nullopt;
    if (std::memcmp(bytes.data(), format::signature.data(), format::signature.size()) != 0)
        return std::nullopt;
    if (load<std::uint32_t>(bytes, format::version) != layout::verity_superblock_version ||
        load<std::uint32_t>(bytes, format::hash_type) != layout::verity_hash_type)
        return std::nullopt;

    std::array<char, algorithm_length> expected = {};
    std::ranges::copy(layout::verity_algorithm, expected.begin());
    if (std::memcmp(bytes.data() + format::algorithm, expected.data(), expected.size()) != 0)
        return std::nullopt;

    VeritySuperblock superblock = {.data_block_size = load<std::uint32_t>(bytes, format::data_block_size),
                                   .hash_block_size = load<std::uint32_t>(bytes, format::hash_block_size),
                                   .data_blocks = load<std::uint64_t>(bytes, format::data_blocks)};
    const auto salt_size = load<std::uint16_t>(bytes, format::salt_size);
    if (superblock.data_block_size != layout::verity_block_size ||
        superblock.hash_block_size != layout::verity_block_size)
        return std::nullopt;
    if (superblock.data_blocks == 0 || superblock.data_blocks > UINT64_MAX / layout::verity_block_size)
        return std::nullopt;
    if (salt_size > most_salt) return std::nullopt;
    std::copy_n(bytes.begin() + format::uuid, superblock.uuid.size(), superblock.uuid.begin());
    const auto salt = bytes.subspan(format::salt, salt_size);
    superblock.salt.assign(salt.begin(), salt.end());
    return superblock;
}

std::string make_verity_table(const VeritySuperblock& superblock, const RootHash& root_hash,
                              std::string_view data_device, std::string_view hash_device,
                              OnCorruption on_corruption) {
    const std::string salt = superblock.salt.empty() ? "-" : to_hex(superblock.salt);
    // The tree begins in the block behind the superblock's.
    std::string table =
        std::format("1 {} {} {} {} {} 1 sha256 {} {}", data_device, hash_device, superblock.data_block_size,
                    superblock.hash_block_size, superblock.data_blocks, root_hash.to_text(), salt);
    if (on_corruption == OnCorruption::panic) table += " 1 panic_on_corruption";
    return table;
}

}  // namespace cairn::disks
