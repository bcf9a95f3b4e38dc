#pragma once

#include "pkg/net/transport.h"

namespace cairn::net {

/// Files of this machine by file: addresses (RFC 8089, percent-encoded): a repository on a stick, or one that
/// is just being made. Directories and other things that are not files are not found.
class FileTransport final : public Transport {
  public:
    Outcome get(const Request& request, const Sink& sink) override;
};

/// file: addresses to one transport, all others to another; borrows both.
class SchemeTransport final : public Transport {
  public:
    SchemeTransport(Transport& files, Transport& others) : files_(files), others_(others) {}
    Outcome get(const Request& request, const Sink& sink) override;

  private:
    Transport& files_;
    Transport& others_;
};

}  // namespace cairn::net
