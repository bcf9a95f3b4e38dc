#pragma once

#include <memory>
#include <optional>

#include "installer/daemon/connection.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/tls_identity.h"

struct ssl_st;
struct ssl_ctx_st;

/// TLS 1.3, without resumption: every connection shows its client's key anew. Client certificates are asked
/// for and any is accepted, with or without a name, dates or an authority: TLS proves that the client holds
/// the key, and whose key it is is asked for each request.
namespace cairn::daemon {

/// What all connections of a port share.
class TlsContext {
  public:
    /// Throws VerifyError when the identity is none.
    explicit TlsContext(const crypto::TlsIdentity& identity);

    ssl_ctx_st* handle() const { return context_.get(); }

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsConnection final : public Connection {
  public:
    /// Borrows the socket, and makes it non-blocking.
    TlsConnection(int socket, const TlsContext& context);
    ~TlsConnection() override;

    /// Comes before everything else; false: the connection is of no use.
    bool shake_hands(TimePoint deadline);
    /// SHA-256 of the client's public key; empty when it showed no certificate.
    std::optional<crypto::Hash> find_client_key() const;

    std::size_t read(std::span<char> bytes, TimePoint deadline) override;
    bool write(std::string_view bytes, TimePoint deadline) override;
    void finish(TimePoint deadline) override;

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    bool wait_as_wanted(int result, TimePoint deadline);

    int socket_;
    std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace cairn::daemon
