#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "installer/api/request.h"
#include "installer/daemon/connection.h"

/// HTTP/1.1 on one connection: requests are read within limits, checked, answered one after the other.
namespace cairn::daemon {

/// How much, and how long. A request line with its headers, and a body, have to be there as a whole within
/// their times: bytes that come one by one hold a connection no longer than that.
struct HttpLimits {
    std::size_t head_bytes = 8 << 10;  // request line and headers: 431
    std::size_t body_bytes = 1 << 20;  // 413
    std::chrono::milliseconds idle{
        5'000};  // between requests; people's clients ask again sooner, or later than is worth a thread
    std::chrono::milliseconds head{10'000};    // from its first byte, or from the connection's start: 408
    std::chrono::milliseconds body{10'000};    // and a second for each `bytes_per_second` of it: 408
    std::chrono::milliseconds answer{10'000};  // likewise, for each piece that is sent
    std::size_t bytes_per_second = 16 << 10;
};

struct HttpRules {
    HttpLimits limits;
    /// The least role for a request ("GET" also for HEAD); of a path that is none, who may be told so.
    /// `Role::none`: nobody needs to be known.
    std::function<api::Role(const std::string& method, const std::string& path)> role_of;
    /// Told of exceptions that were answered with 500 or more, or that cut an answer short: one line.
    std::function<void(const std::string& line)> on_failure;
};

/// Who asks, found anew each time; empty: nobody who is known, 401.
using FindCaller = std::function<std::optional<api::Caller>()>;

/// Answers requests until the connection ends. What is refused, in this order:
///
///     408, 431, 400   a head that is late, too large, or not HTTP
///     401, 403        a caller who is not known, or whose role is not enough
///     415, 403        a change without `Content-Type: application/json`, or by a page of another host
///     413, 408, 400   a body that is too large, late, or garbled
///
/// All else is the handler's to say; its exceptions become error answers. The connection is closed after what
/// was refused before its end was read, and after 401.
void serve_http(Connection& connection, const FindCaller& find_caller, const HttpRules& rules,
                api::Handler& handler);

/// An answer as bytes of a connection that is closed after it.
std::string format_last_answer(const api::Answer& answer);

}  // namespace cairn::daemon
