#pragma once

#include <openssl/evp.h>
#include <string>

#include "pkg/crypto/rsa.h"

/// For the sources of this folder only: it names a type of libcrypto.
namespace cairn::crypto {

/// What make_certificate promises, for a key of any kind.
Certificate make_self_signed(EVP_PKEY* key, const std::string& common_name);

}  // namespace cairn::crypto
