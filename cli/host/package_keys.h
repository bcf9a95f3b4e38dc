#pragma once

#include <string>

#include "pkg/package/head.h"

namespace cairn::host {

/// The key that is believed: the public key in `key_file`, or, when that is empty, the maker's own. Throws
/// UsageError when there is neither.
package::AllowedKeys allowed_package_keys(const std::string& key_file);
/// The same for a pkgar file; `key_file` may also be one of Redox's, `id_ed25519.pub.toml`, whose `pkey` is
/// the key in hexadecimal digits.
crypto::PublicKey believed_pkgar_key(const std::string& key_file);

}  // namespace cairn::host
