#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "installer/api/request.h"
#include "pkg/crypto/hash.h"

namespace cairn::daemon {

/// Who may use the API over TLS, by the hash of the client's public key: the setting `api.clients`. May be
/// used by many threads.
class ApiClients {
  public:
    /// Takes what is in effect now; who is not in it any more is nobody from then on.
    void set(const Json& settings);
    std::optional<api::Caller> find(const crypto::Hash& key) const;

  private:
    mutable std::mutex mutex_;
    std::map<crypto::Hash, api::Caller> clients_;  // guarded by mutex_
};

}  // namespace cairn::daemon
