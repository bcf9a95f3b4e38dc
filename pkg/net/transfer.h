#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pkg/net/curl_transport.h"

namespace cairn::net {

/// One request over as many connections as it takes: what has arrived, and what libcurl's callbacks do with
/// more.
///
/// Each attempt asks for the bytes from `position()` on. A server that answers 200 sends everything: what is
/// before that position is passed over. Exceptions of sink and progress are kept while libcurl's C code is on
/// the stack and thrown when it has returned.
class Transfer {
  public:
    Transfer(const Request& request, const Sink& sink) : request_(request), sink_(sink) {}

    enum class Verdict { complete, not_found, out_of_range, no_ranges, try_again };

    /// One attempt on `handle` (a CURL handle without options). `try_again` leaves the reason in problem().
    Verdict attempt(void* handle, const CurlOptions& options);

    std::uint64_t received() const { return received_; }
    /// Whether the last attempt was ended for being too slow, whatever it brought.
    bool was_too_slow() const { return was_too_slow_; }
    const std::string& problem() const { return problem_; }

  private:
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static int on_progress(void* self, std::int64_t total, std::int64_t now, std::int64_t, std::int64_t);

    void start_attempt();
    void set_options(void* handle, const CurlOptions& options);
    void take_header(std::string_view line);
    void take_content_range(std::string_view value);
    /// False when no more bytes are wanted.
    bool take_body(std::span<const std::uint8_t> bytes);
    void check_answer();
    void report_progress() const;
    Verdict judge(int result, const char* text);
    Verdict judge_status() const;

    std::uint64_t position() const { return request_.offset + received_; }
    bool asks_for_part() const { return position() > 0 || request_.length; }
    /// Of a request that requires ranges, before its first byte: later the file has changed its ways.
    bool is_refused_range() const {
        return request_.ranges == Ranges::required && asks_for_part() && status_ == 200 && received_ == 0;
    }
    bool has_all() const { return request_.length && received_ == *request_.length; }

    const Request& request_;
    const Sink& sink_;
    std::uint64_t received_ = 0;         // wanted bytes given to the sink, over all attempts
    std::optional<std::uint64_t> size_;  // of the whole file
    std::string validator_;  // ETag or date of the first answer: which state of the file we are reading
    std::string problem_;
    std::exception_ptr exception_;

    // Of the running attempt:
    long status_ = 0;
    std::uint64_t body_position_ = 0;  // place in the file of the next byte of the body
    std::optional<std::uint64_t> body_size_;
    std::string answer_validator_;
    bool is_answer_checked_ = false;
    bool was_too_slow_ = false;
};

}  // namespace cairn::net
