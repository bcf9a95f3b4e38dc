#pragma once

#include <string>

#include "pkg/base/json.h"

namespace cairn::tuf {

/// Canonical JSON, the bytes that TUF signatures are made over (TUF specification 1.0, section 4.2.2; the
/// form is OLPC's): no spaces, keys sorted by their bytes, only '"' and '\' escaped. Throws Error for numbers
/// with a fraction, which that form does not have.
std::string format_canonical(const Json& value);

}  // namespace cairn::tuf
