#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "pkg/base/json.h"

/// Small files that other programs and the kernel write, for answers to people: what is missing or garbled is
/// empty, never an error.
namespace cairn::daemon {

/// At most 1 MiB, without white space at its ends.
std::string read_text(const std::filesystem::path& path);
/// An empty object when it is none.
Json read_object(const std::filesystem::path& path);

/// Members of an object; empty, or false, when there is none of that kind.
std::string text_of(const Json& object, std::string_view name);
bool is_true(const Json& object, std::string_view name);
std::int64_t number_of(const Json& object, std::string_view name);

/// The path `inside` a root: absolute paths of the device become paths below it.
std::filesystem::path below(const std::filesystem::path& root, std::string_view inside);

}  // namespace cairn::daemon
