#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "pkg/net/transport.h"

namespace cairn::tuf {

/// An address below another one.
std::string join_address(const std::string& base, const std::string& path);

/// One metadata file; empty when there is none. Throws NetworkError when it cannot be had or takes longer
/// than `time` however it trickles in, Error when it is larger than `limit`.
std::optional<std::string> find_metadata(net::Transport& transport, const std::string& url,
                                         std::uint64_t limit, std::chrono::seconds time);

}  // namespace cairn::tuf
