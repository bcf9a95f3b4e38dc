#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pkg/crypto/key_directory.h"
#include "pkg/tuf/metadata.h"

namespace cairn::repo {

/// The keys at hand: those of one or more key directories, told apart by their ids alone. Whose key may sign
/// what, the metadata says. Secrets are opened when they first sign, so a passphrase is asked for only then.
class Signing {
  public:
    Signing() = default;
    /// Borrows the directory.
    explicit Signing(crypto::KeyDirectory& keys) { add(keys); }
    void add(crypto::KeyDirectory& keys);

    /// The role's keys that are here, without those that signed already.
    std::vector<crypto::Signer*> find_signers(const tuf::RoleKeys& role,
                                              const std::set<std::string>& signed_by = {}) const;
    bool has(const std::string& key_id) const { return places_.contains(key_id); }
    /// Whether as many of its keys are here as must sign.
    bool is_enough_for(const tuf::RoleKeys& role) const;
    /// "'keys', 'other keys'": where was looked.
    std::string places() const;

  private:
    struct Place {
        crypto::KeyDirectory* directory;
        crypto::Role role;
    };
    std::vector<const crypto::KeyDirectory*> directories_;
    std::map<std::string, Place> places_;                                     // by id
    mutable std::map<std::string, std::unique_ptr<crypto::Signer>> signers_;  // by id, those that were opened
};

/// All with one directory's keys; borrows it.
inline Signing sign_with(crypto::KeyDirectory& keys) {
    return Signing(keys);
}

}  // namespace cairn::repo
