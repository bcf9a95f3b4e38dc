#pragma once

#include <string>

#include "pkg/package/head.h"

namespace cairn::host {

/// The key that is believed: the public key in `key_file`, or, when that is empty, the maker's own. Throws
/// UsageError when there is neither.
package::AllowedKeys allowed_package_keys(const std::string& key_file);

}  // namespace cairn::host
