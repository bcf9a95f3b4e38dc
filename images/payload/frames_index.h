#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cairn::payload {

/// One zstd frame: consecutive blocks of the root.
struct Frame {
    std::uint64_t first_block = 0;
    std::uint32_t blocks = 0;
    std::uint64_t offset = 0;  // in `.frames`
    std::uint32_t size = 0;    // stored bytes
    friend bool operator==(const Frame&, const Frame&) = default;
};

/// A frame is small: who needs one block of it fetches all of it.
inline constexpr std::uint32_t most_blocks_per_frame = 32;

/// What `.frames.idx` says (FORMAT.md): all frames, in order and without gaps.
struct FramesIndex {
    std::uint64_t data_blocks = 0;
    std::vector<Frame> frames = {};
    friend bool operator==(const FramesIndex&, const FramesIndex&) = default;

    std::uint64_t frames_size() const {
        return frames.empty() ? 0 : frames.back().offset + frames.back().size;
    }
    void add(std::uint32_t blocks, std::uint32_t size);
};

/// Of an index with so many frames.
std::uint64_t size_of_frames_index(std::uint64_t frames);

std::vector<std::uint8_t> to_bytes(const FramesIndex& index);
/// Throws VerifyError for anything that FORMAT.md says a reader refuses; `name` is for the message.
FramesIndex parse_frames_index(std::span<const std::uint8_t> bytes, std::string_view name);

}  // namespace cairn::payload
