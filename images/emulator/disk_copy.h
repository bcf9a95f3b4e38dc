#pragma once

#include <cstdint>
#include <filesystem>

namespace cairn::emulator {

/// Makes `copy`, a qcow2 file that shows the raw image `image` and keeps what is written, with a size of at
/// least `size` bytes (rounded up to a power of two for SD cards by the caller). The image itself is never
/// written.
void make_overlay(const std::filesystem::path& image, const std::filesystem::path& copy, std::uint64_t size);

/// A sparse raw copy, grown to `size`.
void make_raw_copy(const std::filesystem::path& image, const std::filesystem::path& copy, std::uint64_t size);

/// "8G", "512M", or plain bytes. Throws UsageError.
std::uint64_t parse_size(std::string_view text);

}  // namespace cairn::emulator
