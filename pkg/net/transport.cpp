#include "pkg/net/transport.h"

#include <utility>

namespace cairn::net {

std::optional<std::string> find_text(Transport& transport, Request request, std::uint64_t limit) {
    request.limit = limit;
    std::string text;
    const Outcome outcome = transport.get(request, [&text](std::span<const std::uint8_t> bytes) {
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    if (outcome == Outcome::not_found) return std::nullopt;
    return text;
}

}  // namespace cairn::net
