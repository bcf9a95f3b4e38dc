#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "installer/api/request.h"

namespace cairn::daemon {

/// What a person sends along with a report: a tar archive, compressed in zstd frames, made while it is sent.
struct BundleRequest {
    std::filesystem::path root;
    std::string folder;                                      // everything in the archive lies below it
    std::vector<std::pair<std::string, std::string>> texts;  // by name, made by the caller
    std::int64_t time = 0;                                   // of all entries
};

/// Writes the archive piece by piece; false when the reader is gone. Logs, /run/cairn, boot record and deny
/// list, at most 64 MiB of content; memory for one file at a time. What cannot be read is left out and named
/// in `missing.txt`.
bool write_bundle(const BundleRequest& request, const api::Write& write);

}  // namespace cairn::daemon
