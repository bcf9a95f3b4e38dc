#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "pkg/base/fd.h"

/// The least of TCP and HTTP that a health check needs, each step until a deadline.
namespace cairn::health {

using Deadline = std::chrono::steady_clock::time_point;

/// A name is looked up first, by the system's resolver, which has its own patience. Throws NetworkError.
Fd connect_to_host(const std::string& host, std::uint16_t port, Deadline deadline);
Fd connect_to_socket(const std::filesystem::path& path, Deadline deadline);

/// Asks for `path` over a fresh connection and gives the status of the answer, without reading its body.
/// Throws NetworkError when none comes.
int request_status(const Fd& connection, const std::string& host, const std::string& path, Deadline deadline);

}  // namespace cairn::health
