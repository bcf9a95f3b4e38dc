#pragma once

#include <cstdint>
#include <string>

#include "pkg/base/json.h"

/// Members of the device's answers. A device may be older or newer than this program: what is missing or of
/// another type reads as empty.
namespace cairn::device {

std::string text_of(const Json& object, const char* name);
std::int64_t number_of(const Json& object, const char* name);
bool is_true(const Json& object, const char* name);
/// The list or the object of that name, else an empty list or object. Borrowed.
const Json& list_of(const Json& object, const char* name);
const Json& object_of(const Json& object, const char* name);

}  // namespace cairn::device
