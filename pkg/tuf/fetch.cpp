#include "pkg/tuf/fetch.h"

#include <format>

#include "pkg/base/error.h"

namespace cairn::tuf {

std::string join_address(const std::string& base, const std::string& path) {
    return base.ends_with('/') ? base + path : base + "/" + path;
}

std::optional<std::string> find_metadata(net::Transport& transport, const std::string& url,
                                         std::uint64_t limit, std::chrono::seconds time) {
    net::Request request{.url = url};
    const auto deadline = std::chrono::steady_clock::now() + time;
    request.progress = [&](std::uint64_t, std::optional<std::uint64_t>) {
        if (std::chrono::steady_clock::now() > deadline)
            throw NetworkError(std::format("cannot fetch '{}': the server is too slow", url));
    };
    return net::find_text(transport, request, limit);
}

}  // namespace cairn::tuf
