#pragma once

#include <filesystem>

#include "pkg/crypto/tls_identity.h"

namespace cairn::daemon {

/// The device's own key for TLS, from `key.pem` and `certificate.pem` in a directory; made there when there
/// is no certificate. The key is for its owner only, the certificate is written last: stopped in between, the
/// next call makes both anew. crypto::key_fingerprint of the certificate is what clients know the device by.
/// Throws SystemError; whether the two are a pair is found out by who uses them.
crypto::TlsIdentity read_or_make_server_identity(const std::filesystem::path& directory);

}  // namespace cairn::daemon
