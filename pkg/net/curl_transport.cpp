#include "pkg/net/curl_transport.h"

#include <format>
#include <thread>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/net/curl_setup.h"
#include "pkg/net/transfer.h"

namespace cairn::net {
namespace {

// A server that gives a few bytes and breaks off, again and again, must not hold us for ever.
constexpr unsigned most_attempts = 60;

Outcome to_outcome(Transfer::Verdict verdict) {
    switch (verdict) {
        case Transfer::Verdict::not_found:
            return Outcome::not_found;
        case Transfer::Verdict::out_of_range:
            return Outcome::out_of_range;
        case Transfer::Verdict::no_ranges:
            return Outcome::no_ranges;
        default:
            return Outcome::complete;
    }
}

}  // namespace

void CurlTransport::CloseHandle::operator()(void* handle) const {
    curl_easy_cleanup(handle);
}

CurlTransport::CurlTransport(CurlOptions options) : options_(std::move(options)) {
    ensure_curl();
}

CurlTransport::~CurlTransport() = default;

Outcome CurlTransport::get(const Request& request, const Sink& sink) {
    if (request.length == 0) return Outcome::complete;
    Transfer transfer(request, sink);
    unsigned fruitless = 0;
    auto delay = options_.first_delay;
    for (unsigned attempt = 1;; ++attempt) {
        const std::uint64_t before = transfer.received();
        Handle handle = take_handle();
        const Transfer::Verdict verdict = transfer.attempt(handle.get(), options_);
        give_back(std::move(handle));
        if (verdict != Transfer::Verdict::try_again) return to_outcome(verdict);

        // A server that trickles must not hold us as often as it gives a few bytes.
        const bool has_progress = transfer.received() > before && !transfer.was_too_slow();
        fruitless = has_progress ? 0 : fruitless + 1;
        if (has_progress) delay = options_.first_delay;
        if (fruitless >= options_.attempts || attempt >= most_attempts)
            throw NetworkError(std::format("cannot fetch '{}' after {} attempts: {}", request.url, attempt,
                                           transfer.problem()));
        std::this_thread::sleep_for(delay);
        delay *= 2;
    }
}

CurlTransport::Handle CurlTransport::take_handle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
        Handle handle(curl_easy_init());
        CHECK(handle != nullptr);
        return handle;
    }
    Handle handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
}

void CurlTransport::give_back(Handle handle) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handle));
}

}  // namespace cairn::net
