#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace cairn::net {

/// What becomes of a request for a part when the server knows no ranges.
enum class Ranges {
    preferred,  // the file is read from its start, and what is not wanted passed over
    required,   // nothing is read: Outcome::no_ranges. For who wants many parts of one file
};

/// What to fetch, and how much of it.
struct Request {
    std::string url;
    std::uint64_t offset = 0;             // bytes before it are not wanted
    std::optional<std::uint64_t> length;  // empty: to the end
    Ranges ranges = Ranges::preferred;
    std::uint64_t limit = std::uint64_t{16}
                          << 30;       // more bytes than this are an error: a server may never end
    std::optional<std::string> proxy;  // empty: as the environment says; "": none
    /// Called now and then with the bytes of the whole file that are there (`offset` counted) and its size,
    /// if known. May throw to give up.
    std::function<void(std::uint64_t done, std::optional<std::uint64_t> size)> progress = {};
};

/// Takes the wanted bytes in order, in pieces. May throw; the fetch ends and the exception reaches its
/// caller.
using Sink = std::function<void(std::span<const std::uint8_t>)>;

enum class Outcome {
    complete,      // the sink has had every byte that was asked for
    not_found,     // there is no such file; the sink has had nothing
    out_of_range,  // the file ends at or before `offset`; the sink has had nothing
    no_ranges,     // only with Ranges::required; the sink has had nothing
};

/// The network, as far as Cairn needs it: fetching bytes by address. Implementations may be called from
/// several threads at once.
class Transport {
  public:
    virtual ~Transport() = default;

    /// Throws NetworkError when the bytes cannot be had for now; the sink may have had some of them. A server
    /// that knows no ranges is read from the start, and the sink gets only what was asked for, unless the
    /// request requires ranges.
    virtual Outcome get(const Request& request, const Sink& sink) = 0;
};

/// The whole of a small file as text; empty when it is not there. Throws Error when it is larger than
/// `limit`.
std::optional<std::string> find_text(Transport& transport, Request request, std::uint64_t limit);

}  // namespace cairn::net
