#pragma once

#include <cstdint>
#include <functional>
#include <span>

/// LZMA2 without a container, as pkgar stores an entry: 8 bytes of plain size, then the stream.
namespace cairn::pkgar {

/// Gives more stored bytes at each call; empty at their end.
using Source = std::function<std::span<const std::uint8_t>()>;
using Sink = std::function<void(std::span<const std::uint8_t>)>;

/// Unpacks in bounded memory (the dictionary is at most 64 MiB). Throws VerifyError when the stream is
/// damaged, ends early, goes on behind its end, or does not give exactly `plain_size` bytes.
void unpack_lzma2(std::uint64_t plain_size, const Source& source, const Sink& sink);

}  // namespace cairn::pkgar
