#include "cli/host/repo_transport.h"

#include <filesystem>

#include "pkg/tuf/names.h"

namespace cairn::host {
namespace {

/// Metadata is small: who sends less than this for so long does not want to send it.
net::CurlOptions patience() {
    return {.connect_timeout = std::chrono::seconds(10),
            .low_speed_bytes = 1000,
            .low_speed_time = std::chrono::seconds(10),
            .attempts = 2};
}

}  // namespace

RepositoryTransport::RepositoryTransport() : curl(patience()) {}

std::string to_address(const std::string& place) {
    if (place.contains("://")) return place;
    return "file://" + tuf::quote_path(std::filesystem::absolute(place).string());
}

std::vector<std::string> to_addresses(const std::vector<std::string>& places) {
    std::vector<std::string> addresses;
    for (const std::string& place : places) addresses.push_back(to_address(place));
    return addresses;
}

}  // namespace cairn::host
