#include "images/payload/frames_index.h"

#include <algorithm>
#include <format>
#include <string>

#include "images/layout/verity_format.h"
#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

constexpr std::string_view magic = "CAIRNIDX";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_size = 24;
constexpr std::size_t entry_size = 6;
/// zstd adds a few bytes to what it cannot make smaller.
constexpr std::uint32_t most_extra = 1024;

template <class Integer>
void put(std::vector<std::uint8_t>& bytes, Integer number) {
    for (std::size_t index = 0; index < sizeof number; ++index)
        bytes.push_back(static_cast<std::uint8_t>(number >> (8 * index)));
}

template <class Integer>
Integer get(std::span<const std::uint8_t> bytes, std::size_t offset) {
    std::uint64_t number = 0;
    for (std::size_t index = sizeof(Integer); index-- > 0;) number = number << 8 | bytes[offset + index];
    return static_cast<Integer>(number);
}

}  // namespace

void FramesIndex::add(std::uint32_t blocks, std::uint32_t size) {
    frames.push_back({.first_block = data_blocks, .blocks = blocks, .offset = frames_size(), .size = size});
    data_blocks += blocks;
}

std::uint64_t size_of_frames_index(std::uint64_t frames) {
    return header_size + frames * entry_size;
}

std::vector<std::uint8_t> to_bytes(const FramesIndex& index) {
    std::vector<std::uint8_t> bytes(magic.begin(), magic.end());
    put(bytes, format_version);
    put(bytes, static_cast<std::uint32_t>(index.frames.size()));
    put(bytes, index.data_blocks);
    for (const Frame& frame : index.frames) {
        put(bytes, static_cast<std::uint16_t>(frame.blocks));
        put(bytes, frame.size);
    }
    return bytes;
}

FramesIndex parse_frames_index(std::span<const std::uint8_t> bytes, std::string_view name) {
    const auto refuse = [&](std::string_view why) {
        throw VerifyError(std::format("'{}' is no index of frames: {}", name, why));
    };
    if (bytes.size() < header_size || !std::ranges::equal(bytes.first(magic.size()), magic))
        refuse("it begins otherwise");
    const auto version = get<std::uint32_t>(bytes, 8);
    if (version != format_version) refuse(std::format("its format is {}", version));
    const std::uint64_t count = get<std::uint32_t>(bytes, 12);
    if (bytes.size() != size_of_frames_index(count))
        refuse(std::format("{} bytes are not {} frames", bytes.size(), count));
    FramesIndex index;
    index.frames.reserve(count);
    for (std::uint64_t number = 0; number < count; ++number) {
        const std::size_t at = header_size + number * entry_size;
        const std::uint32_t blocks = get<std::uint16_t>(bytes, at);
        const auto size = get<std::uint32_t>(bytes, at + 2);
        if (blocks == 0 || blocks > most_blocks_per_frame)
            refuse(std::format("frame {} has {} blocks", number, blocks));
        if (size == 0 || size > blocks * layout::verity_block_size + most_extra)
            refuse(std::format("frame {} has {} bytes", number, size));
        index.add(blocks, size);
    }
    if (index.data_blocks == 0 || index.data_blocks != get<std::uint64_t>(bytes, 16))
        refuse(std::format("its frames have {} blocks, it says {}", index.data_blocks,
                           get<std::uint64_t>(bytes, 16)));
    return index;
}

}  // namespace cairn::payload
