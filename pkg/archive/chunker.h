#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Content-defined cutting (FastCDC): the places depend only on the bytes shortly before them, so an
/// insertion moves the cuts near it and no others. Only writers need this; readers take any cuts.
namespace cairn::archive {

struct ChunkSizes {
    static constexpr std::size_t least = 16 * 1024;  // except at the end of the bytes
    static constexpr std::size_t normal = 64 * 1024;
    static constexpr std::size_t most = 256 * 1024;
};

/// Length of the first chunk of `bytes`. When more bytes follow that are not given here, at least
/// ChunkSizes::most bytes must be given, or the cut would depend on how the bytes were read.
std::size_t find_cut(std::span<const std::uint8_t> bytes);

}  // namespace cairn::archive
