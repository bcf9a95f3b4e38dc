#pragma once

#include <string>

#include "pkg/crypto/key_directory.h"

/// Signing by an external command (KeyAccess::command), for keys that live in an HSM or a KMS.
namespace cairn::crypto {

class CommandSigner final : public Signer {
  public:
    CommandSigner(std::string command, Role role, const PublicKey& key);
    const PublicKey& public_key() const override { return key_; }
    /// Throws CommandError when the command fails, VerifyError when what it gives is not a signature by our
    /// key.
    Signature sign_bytes(std::span<const std::uint8_t> bytes) override;

  private:
    std::string command_;
    Role role_;
    PublicKey key_;
};

class RsaCommandSigner final : public RsaSigner {
  public:
    RsaCommandSigner(std::string command, Role role, RsaPublicKey key);
    const RsaPublicKey& public_key() const override { return key_; }
    std::vector<std::uint8_t> sign_sha256(std::span<const std::uint8_t> message) override;

  private:
    std::string command_;
    Role role_;
    RsaPublicKey key_;
};

}  // namespace cairn::crypto
