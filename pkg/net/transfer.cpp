#include "pkg/net/transfer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/net/curl_setup.h"

namespace cairn::net {
namespace {

std::optional<std::uint64_t> find_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Failures of the way there; everything else is about the request or what the server is, and stays.
bool is_passing(CURLcode result) {
    static constexpr std::array codes{
        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,   CURLE_PARTIAL_FILE,          CURLE_RECV_ERROR,
        CURLE_SEND_ERROR,           CURLE_GOT_NOTHING,           CURLE_HTTP2,
        CURLE_HTTP2_STREAM,         CURLE_SSL_CONNECT_ERROR};
    return std::ranges::contains(codes, result);
}

bool is_passing_status(long status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

Transfer::Verdict Transfer::attempt(void* handle, const CurlOptions& options) {
    start_attempt();
    set_options(handle, options);
    std::array<char, CURL_ERROR_SIZE> text{};
    set_option(handle, CURLOPT_ERRORBUFFER, text.data());
    const CURLcode result = curl_easy_perform(handle);
    curl_easy_reset(handle);  // forgets the pointers into this object, keeps the connections
    was_too_slow_ = result == CURLE_OPERATION_TIMEDOUT;
    if (exception_) std::rethrow_exception(exception_);
    return judge(result, text[0] != '\0' ? text.data() : curl_easy_strerror(result));
}

void Transfer::start_attempt() {
    status_ = 0;
    body_position_ = 0;
    body_size_.reset();
    answer_validator_.clear();
    is_answer_checked_ = false;
}

void Transfer::set_options(void* handle, const CurlOptions& options) {
    const char* protocols = request_.url.starts_with("https:") ? "https" : "http,https";
    set_option(handle, CURLOPT_URL, request_.url.c_str());
    set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set_option(handle, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    set_option(handle, CURLOPT_FOLLOWLOCATION, 1L);
    set_option(handle, CURLOPT_MAXREDIRS, options.redirects);
    set_option(handle, CURLOPT_NOSIGNAL, 1L);
    set_option(handle, CURLOPT_USERAGENT, "cairn");
    set_option(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
    set_option(handle, CURLOPT_LOW_SPEED_LIMIT, options.low_speed_bytes);
    set_option(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
    set_option(handle, CURLOPT_BUFFERSIZE, 256L * 1024);
    if (request_.proxy) set_option(handle, CURLOPT_PROXY, request_.proxy->c_str());
    if (!options.ca_file.empty()) set_option(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    if (asks_for_part()) {
        const std::string end = request_.length ? std::to_string(request_.offset + *request_.length - 1) : "";
        set_option(handle, CURLOPT_RANGE, std::format("{}-{}", position(), end).c_str());
    }
    set_option(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set_option(handle, CURLOPT_HEADERDATA, this);
    set_option(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set_option(handle, CURLOPT_WRITEDATA, this);
    set_option(handle, CURLOPT_NOPROGRESS, 0L);
    set_option(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set_option(handle, CURLOPT_XFERINFODATA, this);
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<Transfer*>(self)->take_header({data, size * count});
    return size * count;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
        const std::span bytes(reinterpret_cast<const std::uint8_t*>(data), size * count);
        return transfer.take_body(bytes) ? bytes.size() : 0;
    } catch (...) {
        transfer.exception_ = std::current_exception();
        return 0;
    }
}

int Transfer::on_progress(void* self, std::int64_t, std::int64_t, std::int64_t, std::int64_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
        transfer.report_progress();
        return 0;
    } catch (...) {
        transfer.exception_ = std::current_exception();
        return 1;
    }
}

void Transfer::report_progress() const {
    if (request_.progress && is_answer_checked_) request_.progress(position(), size_);
}

void Transfer::take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // a redirect's answer, or the last one
        start_attempt();
        const std::size_t space = line.find(' ');
        if (space != std::string_view::npos)
            status_ = static_cast<long>(find_number(line.substr(space + 1, 3)).value_or(0));
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name = to_lower(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "content-length") body_size_ = find_number(value);
    if (name == "content-range" && status_ == 206) take_content_range(value);
    if (name == "etag" || (name == "last-modified" && answer_validator_.empty())) answer_validator_ = value;
}

void Transfer::take_content_range(std::string_view value) {  // "bytes 100-199/1000"
    const std::size_t dash = value.find('-');
    const std::size_t slash = value.find('/');
    if (!value.starts_with("bytes ") || dash == std::string_view::npos || slash == std::string_view::npos)
        return;
    body_position_ = find_number(value.substr(6, dash - 6)).value_or(0);
    if (const auto whole = find_number(value.substr(slash + 1))) size_ = whole;
}

void Transfer::check_answer() {
    if (is_answer_checked_) return;
    is_answer_checked_ = true;
    if (status_ == 200 && body_size_) size_ = body_size_;
    if (body_position_ > position())
        throw NetworkError(
            std::format("cannot fetch '{}': the server sent another part than asked for", request_.url));
    if (received_ > 0 && answer_validator_ != validator_)
        throw NetworkError(
            std::format("cannot fetch '{}': it changed while it was being fetched", request_.url));
    validator_ = answer_validator_;
}

bool Transfer::take_body(std::span<const std::uint8_t> bytes) {
    if (status_ != 200 && status_ != 206) return false;  // the words of an error page
    if (is_refused_range()) return false;
    check_answer();
    const std::uint64_t passed_over = std::min<std::uint64_t>(bytes.size(), position() - body_position_);
    body_position_ += passed_over;
    bytes = bytes.subspan(passed_over);
    const std::uint64_t wanted = request_.length ? *request_.length - received_ : bytes.size();
    const bool has_extra = bytes.size() > wanted;
    if (has_extra) bytes = bytes.first(wanted);
    if (received_ + bytes.size() > request_.limit)
        throw Error(std::format("cannot fetch '{}': it is larger than the {} allowed", request_.url,
                                format_bytes(request_.limit)));
    if (!bytes.empty()) sink_(bytes);
    body_position_ += bytes.size();
    received_ += bytes.size();
    return !has_extra;
}

Transfer::Verdict Transfer::judge(int result, const char* text) {
    if (has_all()) return Verdict::complete;
    if (is_refused_range()) return Verdict::no_ranges;
    if (status_ >= 400) {
        problem_ = std::format("the server answered {}", status_);
        return judge_status();
    }
    problem_ = text;
    if (result != CURLE_OK && is_passing(static_cast<CURLcode>(result))) return Verdict::try_again;
    if (result != CURLE_OK) throw NetworkError(std::format("cannot fetch '{}': {}", request_.url, problem_));
    if (status_ != 200 && status_ != 206)
        throw NetworkError(std::format("cannot fetch '{}': the server answered {}", request_.url, status_));
    check_answer();  // not done yet when the body was empty
    report_progress();
    if (request_.offset > 0 && received_ == 0) return Verdict::out_of_range;
    if (request_.length)
        throw NetworkError(std::format("cannot fetch '{}': it ends before byte {}", request_.url,
                                       request_.offset + *request_.length));
    return Verdict::complete;
}

Transfer::Verdict Transfer::judge_status() const {
    if (is_passing_status(status_)) return Verdict::try_again;
    if (received_ == 0 && (status_ == 404 || status_ == 410)) return Verdict::not_found;
    if (received_ == 0 && status_ == 416) return Verdict::out_of_range;
    if (status_ == 416 && !request_.length) return Verdict::complete;  // only the end mark had been lost
    throw NetworkError(std::format("cannot fetch '{}': {}", request_.url, problem_));
}

}  // namespace cairn::net
