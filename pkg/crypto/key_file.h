#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "pkg/crypto/key_directory.h"

/// The files of a key directory, one by one; see FORMAT.md. For the key directory and its tests.
namespace cairn::crypto {

/// What `<role>.key` holds: either the secret itself, or the secret sealed with a key derived from a
/// passphrase.
struct KeyFile {
    Role role;
    SecretBytes plain;                     // Ed25519: 32 bytes of seed; RSA: DER PKCS#8
    std::optional<Derivation> derivation;  // set: sealed
    SealedSecret sealed;
};

/// Written with mode 0600, never over an existing file.
void write_key_file(const std::filesystem::path& path, const KeyFile& file);
/// Throws Error when the file is damaged or belongs to another role.
KeyFile read_key_file(const std::filesystem::path& path, Role role);

void write_public_key_file(const std::filesystem::path& path, Role role, const PublicKey& key);
PublicKey read_public_key_file(const std::filesystem::path& path, Role role);

}  // namespace cairn::crypto
