#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "images/layout/architecture.h"

/// The partitions of a Cairn disk: numbers, names, types and usual sizes. A disk image holds the first five;
/// the sixth is made on the first boot from the rest of the disk.
namespace cairn::layout {

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// Every partition starts at a multiple of this.
inline constexpr std::uint64_t partition_alignment = mebibyte;

enum class Part : std::uint8_t {
    esp = 1,
    root_a = 2,
    root_a_verity = 3,
    root_b = 4,
    root_b_verity = 5,
    data = 6
};

inline constexpr std::array image_parts = {Part::esp, Part::root_a, Part::root_a_verity, Part::root_b,
                                           Part::root_b_verity};

/// The number in the partition table.
constexpr std::uint32_t number_of(Part part) {
    return static_cast<std::uint32_t>(part);
}
/// The name in the partition table: "root-a-verity".
std::string_view name_of(Part part);
/// The type GUID as text, see guid.h.
std::string_view type_of(Part part, Architecture architecture);

/// An A/B slot: two partitions that hold one version's root and its hash tree.
enum class Slot : std::uint8_t { a, b };
constexpr Part root_of(Slot slot) {
    return slot == Slot::a ? Part::root_a : Part::root_b;
}
constexpr Part verity_of(Slot slot) {
    return slot == Slot::a ? Part::root_a_verity : Part::root_b_verity;
}
/// "a" or "b".
constexpr std::string_view to_text(Slot slot) {
    return slot == Slot::a ? "a" : "b";
}

/// Sizes of the partitions in an image; multiples of partition_alignment.
struct PartitionSizes {
    std::uint64_t esp = 512 * mebibyte;
    std::uint64_t root = 512 * mebibyte;  // each of the two slots
    std::uint64_t verity = 16 * mebibyte;
    friend bool operator==(const PartitionSizes&, const PartitionSizes&) = default;
};
std::uint64_t size_of(Part part, const PartitionSizes& sizes);

/// FAT32 needs 65,525 clusters; on a disk with sectors of 4096 bytes no smaller ESP has them.
inline constexpr std::uint64_t least_esp_size = 260 * mebibyte;

/// GPT attribute bit 60 of the Discoverable Partitions Specification: to be mounted read-only.
inline constexpr int read_only_attribute_bit = 60;

}  // namespace cairn::layout
