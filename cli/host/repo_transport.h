#pragma once

#include <string>
#include <vector>

#include "pkg/net/curl_transport.h"
#include "pkg/net/file_transport.h"

namespace cairn::host {

/// How repositories of others are read: over http and https, or from a directory.
struct RepositoryTransport {
    RepositoryTransport();

    net::FileTransport files;
    net::CurlTransport curl;
    net::SchemeTransport any{files, curl};
};

/// A directory stands for its file: address.
std::string to_address(const std::string& place);
std::vector<std::string> to_addresses(const std::vector<std::string>& places);

}  // namespace cairn::host
