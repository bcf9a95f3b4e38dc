#include "installer/daemon/http_session.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "installer/daemon/request_check.h"
#include "installer/daemon/request_head.h"
#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// A connection as the library reads and writes it, with a deadline for each part of a request.
class HttpStream final : public httplib::Stream {
  public:
    HttpStream(Connection& connection, const HttpLimits& limits) : connection_(connection), limits_(limits) {}

    enum class Head { whole, closed, late, too_large, malformed };
    /// Takes in the next head; what was read behind it is kept.
    Head take_head();
    /// From here on the body is read.
    void begin_body();
    bool is_late() const { return connection_.state() == Connection::State::late; }

    /// Sends what was written.
    bool flush();
    void finish();

    ssize_t read(char* place, std::size_t size) override;
    ssize_t write(const char* bytes, std::size_t size) override;
    bool is_readable() const override { return true; }
    bool is_writable() const override { return !is_broken_; }
    void get_remote_ip_and_port(std::string& /*address*/, int& /*port*/) const override {}
    void get_local_ip_and_port(std::string& /*address*/, int& /*port*/) const override {}
    socket_t socket() const override { return INVALID_SOCKET; }

  private:
    static constexpr std::size_t most_unsent = 16 << 10;

    std::chrono::milliseconds time_for(std::size_t bytes) const {
        return std::chrono::milliseconds(bytes * 1000 / limits_.bytes_per_second);
    }

    Connection& connection_;
    const HttpLimits& limits_;
    std::string received_;  // of it, what is before `used_` has been read
    std::size_t used_ = 0;
    std::size_t readable_ = 0;  // the library may still have so many bytes of this request
    TimePoint body_start_;
    std::size_t body_read_ = 0;
    std::string unsent_;
    bool is_first_ = true;
    bool is_broken_ = false;
};

HttpStream::Head HttpStream::take_head() {
    received_.erase(0, used_);
    used_ = 0;
    readable_ = 0;
    // A new connection is about to ask; one that has asked may have nothing to say for a while.
    TimePoint deadline = Clock::now() + (is_first_ ? limits_.head : limits_.idle);
    bool has_begun = is_first_ || !received_.empty();
    is_first_ = false;
    if (!received_.empty()) deadline = Clock::now() + limits_.head;
    for (;;) {
        const HeadScan scan = scan_head(std::string_view(received_).substr(0, limits_.head_bytes));
        if (scan.state == HeadScan::State::malformed) return Head::malformed;
        if (scan.state == HeadScan::State::whole) {
            readable_ = scan.size;
            return Head::whole;
        }
        if (received_.size() >= limits_.head_bytes) return Head::too_large;
        std::array<char, 2048> bytes;
        const std::size_t got = connection_.read(bytes, deadline);
        if (got == 0) return is_late() && has_begun ? Head::late : Head::closed;
        if (!std::exchange(has_begun, true)) deadline = Clock::now() + limits_.head;
        received_.append(bytes.data(), got);
    }
}

void HttpStream::begin_body() {
    flush();  // "100 Continue", which the client may wait for
    body_start_ = Clock::now();
    body_read_ = 0;
    // Chunks have lengths around them: a body of tiny ones may be half again as long, not endless.
    readable_ = limits_.body_bytes * 2;
}

ssize_t HttpStream::read(char* place, std::size_t size) {
    size = std::min(size, readable_);
    if (size == 0) return -1;
    if (used_ == received_.size()) {
        received_.resize(std::size_t{16} << 10);
        const std::size_t got =
            connection_.read(received_, body_start_ + limits_.body + time_for(body_read_));
        received_.resize(got);
        used_ = 0;
        body_read_ += got;
        if (got == 0) return -1;
    }
    size = std::min(size, received_.size() - used_);
    received_.copy(place, size, used_);
    used_ += size;
    readable_ -= size;
    return static_cast<ssize_t>(size);
}

ssize_t HttpStream::write(const char* bytes, std::size_t size) {
    unsent_.append(bytes, size);
    if (unsent_.size() > most_unsent && !flush()) return -1;
    return is_broken_ ? -1 : static_cast<ssize_t>(size);
}

bool HttpStream::flush() {
    if (!is_broken_ && !connection_.write(unsent_, Clock::now() + limits_.answer + time_for(unsent_.size())))
        is_broken_ = true;
    unsent_.clear();
    return !is_broken_;
}

void HttpStream::finish() {
    if (!is_broken_)
        connection_.finish(Clock::now() + std::min(limits_.head, std::chrono::milliseconds(2'000)));
}

/// The library's server without its sockets, threads and paths, for one connection. `api::Request` is made in
/// `receive`, before the library asks for the answer in `route`.
class Session final : public httplib::Server {
  public:
    Session(Connection& connection, const FindCaller& find_caller, const HttpRules& rules,
            api::Handler& handler)
        : stream_(connection, rules.limits), find_caller_(find_caller), rules_(rules), handler_(handler) {
        svr_sock_ = 0;  // any that is not INVALID_SOCKET: to the library, the server is not shutting down
        set_pre_routing_handler(
            [this](const httplib::Request& from, httplib::Response& to) { return route(from, to); });
        set_expect_100_continue_handler([this](const httplib::Request& /*from*/, httplib::Response& to) {
            if (!refusal_) return 100;
            give(std::move(*refusal_), to);
            return to.status;
        });
        set_error_handler([](const httplib::Request& /*from*/, httplib::Response& to) { explain(to); });
        set_post_routing_handler(
            [this](const httplib::Request& from, httplib::Response& to) { complete(from, to); });
    }

    void run() {
        while (answer_next()) {
        }
    }

  private:
    bool answer_next();
    bool refuse(int status, std::string_view message);
    void receive(httplib::Request& from);
    HandlerResponse route(const httplib::Request& from, httplib::Response& to);
    std::optional<api::Answer> take_body(const httplib::Request& from);
    api::Answer handle();
    void give(api::Answer answer, httplib::Response& to);
    void give_stream(api::Answer answer, httplib::Response& to);
    bool stream_answer(const std::function<bool(const api::Write&)>& make, httplib::DataSink& sink);
    static void explain(httplib::Response& to);
    void complete(const httplib::Request& from, httplib::Response& to) const;
    void report(const std::string& line) const {
        if (rules_.on_failure)
            rules_.on_failure(std::format("{} {}: {}", request_.method, request_.path, line));
    }

    HttpStream stream_;
    const FindCaller& find_caller_;
    const HttpRules& rules_;
    api::Handler& handler_;

    // Of the request under way.
    api::Request request_;
    api::Role needed_ = api::Role::none;
    std::optional<api::Answer> refusal_;
    bool has_body_ = false;
    bool is_old_ = false;  // HTTP/1.0: no chunks
    bool is_last_ = true;  // the connection is closed after the answer
};

bool Session::answer_next() {
    using Head = HttpStream::Head;
    switch (stream_.take_head()) {
        case Head::whole:
            break;
        case Head::closed:
            return false;
        case Head::late:
            return refuse(408, "the request did not arrive in time");
        case Head::too_large:
            return refuse(431, std::format("the request line and headers have more than {} bytes",
                                           rules_.limits.head_bytes));
        case Head::malformed:
            return refuse(400, "this is not a request of HTTP/1.1");
    }
    refusal_.reset();
    request_ = {};
    is_last_ = true;  // until the request is understood and read
    bool wants_close = false;
    const bool is_whole = process_request(stream_, {}, 0, {}, 0, false, wants_close,
                                          [this](httplib::Request& from) { receive(from); });
    const bool is_sent = stream_.flush() && is_whole;
    if (is_sent && !is_last_ && !wants_close) return true;
    if (is_sent && is_last_) stream_.finish();
    return false;
}

bool Session::refuse(int status, std::string_view message) {
    const std::string answer = format_last_answer(api::make_error_answer(status, message));
    if (stream_.write(answer.data(), answer.size()) > 0 && stream_.flush()) stream_.finish();
    return false;
}

void Session::receive(httplib::Request& from) {
    is_old_ = from.version != "HTTP/1.1";
    request_.method = from.method == "HEAD" ? "GET" : from.method;
    request_.path = from.path;
    for (const auto& [name, value] : from.params) request_.query[name] = value;
    from.ranges.clear();  // answers are whole
    try {
        CheckedHead head =
            check_head({from.headers.begin(), from.headers.end()}, request_, rules_, find_caller_);
        refusal_ = std::move(head.refusal);
        needed_ = head.needed;
        has_body_ = head.has_body;
        is_last_ = is_old_ || head.is_stranger || (refusal_ && has_body_);
    } catch (const std::exception& error) {
        refusal_ = api::make_error_answer(error);
    }
}

Session::HandlerResponse Session::route(const httplib::Request& from, httplib::Response& to) {
    if (!refusal_ && has_body_) refusal_ = take_body(from);
    give(refusal_ ? std::move(*refusal_) : handle(), to);
    return HandlerResponse::Handled;
}

std::optional<api::Answer> Session::take_body(const httplib::Request& from) {
    const std::size_t most = rules_.limits.body_bytes;
    bool is_too_large = false;
    stream_.begin_body();
    int status = 0;
    httplib::Request head = from;  // trailers are added to it
    const bool is_whole = httplib::detail::read_content(
        stream_, head, most, status, nullptr,
        [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
            is_too_large = request_.body.size() + size > most;
            if (!is_too_large) request_.body.append(bytes, size);
            return !is_too_large;
        },
        false);
    if (is_whole) return std::nullopt;
    is_last_ = true;
    if (is_too_large) return make_too_large_answer(most);
    if (stream_.is_late()) return api::make_error_answer(408, "the request's body did not arrive in time");
    return api::make_error_answer(400, "the request's body is not as its headers say");
}

api::Answer Session::handle() {
    try {
        return handler_.handle(request_);
    } catch (const std::exception& error) {
        api::Answer answer = api::make_error_answer(error);
        const auto* known = dynamic_cast<const cairn::Error*>(&error);
        if (answer.status >= 500) report(known != nullptr ? known->report() : error.what());
        return answer;
    }
}

void Session::give(api::Answer answer, httplib::Response& to) {
    to.status = answer.status;
    for (const auto& [name, value] : answer.headers) to.set_header(name, value);
    if (answer.stream) {
        give_stream(std::move(answer), to);
    } else if (answer.status != 204) {
        to.set_content(std::move(answer.body), answer.content_type);
    }
}

void Session::give_stream(api::Answer answer, httplib::Response& to) {
    auto provider = [this, make = std::move(answer.stream)](std::size_t /*offset*/, httplib::DataSink& sink) {
        return stream_answer(make, sink);
    };
    if (is_old_) {
        to.set_content_provider(answer.content_type, std::move(provider));
    } else {
        to.set_chunked_content_provider(answer.content_type, std::move(provider));
    }
}

bool Session::stream_answer(const std::function<bool(const api::Write&)>& make, httplib::DataSink& sink) {
    stream_.flush();  // status and headers, before the first piece is made
    const api::Write write = [&](std::string_view bytes) {
        if (bytes.empty()) return true;
        if (needed_ != api::Role::none) {
            const std::optional<api::Caller> caller = find_caller_();
            if (!caller || caller->role < needed_) return false;
        }
        return sink.write(bytes.data(), bytes.size()) && stream_.flush();
    };
    try {
        if (!make(write)) return false;
    } catch (const std::exception& error) {
        report(std::format("the answer was cut short: {}", error.what()));
        return false;
    }
    sink.done();
    return true;
}

/// Errors that the library found, in the form of all others.
void Session::explain(httplib::Response& to) {
    if (!to.body.empty()) return;
    const api::Answer answer = api::make_error_answer(to.status, httplib::status_message(to.status));
    to.set_content(answer.body, answer.content_type);
}

/// The last word on the headers.
void Session::complete(const httplib::Request& from, httplib::Response& to) const {
    to.headers.erase("Keep-Alive");
    to.headers.erase("Accept-Ranges");
    if (is_last_ || from.get_header_value("Connection") == "close") {
        to.headers.erase("Connection");
        to.set_header("Connection", "close");
    }
    if (to.status == 204) to.headers.erase("Content-Length");
    if (!to.has_header("Cache-Control")) to.set_header("Cache-Control", "no-store");
    to.set_header("X-Content-Type-Options", "nosniff");
}

}  // namespace

void serve_http(Connection& connection, const FindCaller& find_caller, const HttpRules& rules,
                api::Handler& handler) {
    Session(connection, find_caller, rules, handler).run();
}

std::string format_last_answer(const api::Answer& answer) {
    return std::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: "
        "close\r\n\r\n{}",
        answer.status, httplib::status_message(answer.status), answer.content_type, answer.body.size(),
        answer.body);
}

}  // namespace cairn::daemon
