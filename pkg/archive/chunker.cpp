#include "pkg/archive/chunker.h"

#include <algorithm>
#include <array>

namespace cairn::archive {
namespace {

/// 256 fixed random numbers: splitmix64 from the state 0x636169726e ("cairn").
consteval std::array<std::uint64_t, 256> make_gear_table() {
    std::array<std::uint64_t, 256> table{};
    std::uint64_t state = 0x636169726e;
    for (std::uint64_t& number : table) {
        state += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        number = mixed ^ (mixed >> 31);
    }
    return table;
}
constexpr std::array<std::uint64_t, 256> gear = make_gear_table();

// A cut is where the top bits of the rolling value are zero. Asking for more bits before the normal size and
// for fewer behind it keeps the sizes close to it («normalised chunking»). The top bits depend on the last 64
// bytes.
constexpr std::uint64_t strict_bound = std::uint64_t{1} << (64 - 18);
constexpr std::uint64_t loose_bound = std::uint64_t{1} << (64 - 14);

}  // namespace

std::size_t find_cut(std::span<const std::uint8_t> bytes) {
    const std::size_t end = std::min(bytes.size(), ChunkSizes::most);
    if (end <= ChunkSizes::least) return end;
    const std::size_t middle = std::min(end, ChunkSizes::normal);
    const std::uint8_t* data = bytes.data();
    std::uint64_t value = 0;
    std::size_t i = ChunkSizes::least;
    for (; i < middle; ++i) {
        value = (value << 1) + gear[data[i]];
        if (value < strict_bound) return i + 1;
    }
    for (; i < end; ++i) {
        value = (value << 1) + gear[data[i]];
        if (value < loose_bound) return i + 1;
    }
    return end;
}

}  // namespace cairn::archive
