#pragma once

#include <string_view>

namespace cairn::slots {

/// The vendor of the loader's EFI variables, with which their names in efivarfs end.
inline constexpr std::string_view loader_vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

}  // namespace cairn::slots
