#pragma once

#include <cstdint>
#include <format>
#include <string>

#include "pkg/base/text.h"
#include "pkg/net/transport.h"

namespace cairn::host {

/// Another transport, counting what passes.
class CountingTransport final : public net::Transport {
  public:
    explicit CountingTransport(net::Transport& transport) : transport_(transport) {}

    net::Outcome get(const net::Request& request, const net::Sink& sink) override {
        const net::Outcome outcome = transport_.get(request, [&](std::span<const std::uint8_t> bytes) {
            bytes_ += bytes.size();
            sink(bytes);
        });
        if (outcome == net::Outcome::complete) ++files_;
        return outcome;
    }
    std::uint64_t bytes() const { return bytes_; }
    std::string text() const { return std::format("{} in {} files", format_bytes(bytes_), files_); }

  private:
    net::Transport& transport_;
    std::uint64_t bytes_ = 0;
    std::size_t files_ = 0;
};

}  // namespace cairn::host
