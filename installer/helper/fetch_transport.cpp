#include "installer/helper/fetch_transport.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "pkg/base/error.h"

namespace cairn::helper {

namespace {

constexpr std::array<std::pair<std::string_view, net::Outcome>, 4> outcomes = {
    {{"complete", net::Outcome::complete},
     {"not_found", net::Outcome::not_found},
     {"out_of_range", net::Outcome::out_of_range},
     {"no_ranges", net::Outcome::no_ranges}}};

Json make_question(const net::Request& request) {
    return {{"fetch",
             {{"path", request.url},
              {"offset", request.offset},
              {"length", request.length ? Json(*request.length) : Json()},
              {"ranges", request.ranges == net::Ranges::required ? "required" : "optional"}}}};
}

net::Outcome read_answer(const Json& answer, const std::string& path, bool has_bytes) {
    if (answer.contains("failed"))
        with_context(std::format("fetching '{}'", path), [&] { api::throw_error(answer["failed"]); });
    const Json said = answer.value("fetched", Json());
    const auto found =
        std::ranges::find_if(outcomes, [&](const auto& outcome) { return said == outcome.first; });
    if (found == outcomes.end() || (has_bytes && found->second != net::Outcome::complete))
        throw VerifyError(std::format("the answer to a request for '{}' is none", path));
    return found->second;
}

}  // namespace

net::Outcome FetchTransport::get(const net::Request& request, const net::Sink& sink) {
    channel_.send(make_question(request));
    const std::uint64_t most = std::min(request.length.value_or(request.limit), request.limit);
    for (std::uint64_t received = 0;;) {
        const api::Frame frame = channel_.receive();
        if (frame.json) return read_answer(*frame.json, request.url, received > 0);
        if (frame.bytes.size() > most - received)
            throw VerifyError(std::format("more of '{}' came than was asked for", request.url));
        received += frame.bytes.size();
        sink(std::span(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()), frame.bytes.size()));
        if (request.progress) request.progress(request.offset + received, std::nullopt);
    }
}

}  // namespace cairn::helper
