#pragma once

#include "pkg/package/head.h"

/// The plain bytes of a head (FORMAT.md, «Head»); for head.cpp and its tests.
namespace cairn::package {

std::vector<std::uint8_t> encode_head(const Head& head);

/// Takes exactly what encode_head gives for some head, and throws VerifyError for all else. Checks the
/// encoding only: that the values make sense is for verify_head to check.
Head decode_head(std::span<const std::uint8_t> bytes);

}  // namespace cairn::package
