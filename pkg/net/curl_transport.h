#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pkg/net/transport.h"

namespace cairn::net {

struct CurlOptions {
    std::chrono::seconds connect_timeout{20};
    long low_speed_bytes = 1000;              // slower than this per second …
    std::chrono::seconds low_speed_time{30};  // … for so long is a broken connection
    unsigned attempts = 4;  // tries in a row that are too slow, or bring nothing, before giving up
    std::chrono::milliseconds first_delay{500};  // between tries; doubles each time
    long redirects = 5;
    std::string ca_file;  // trusted certificates; empty: the system's
};

/// Fetches over http and https with libcurl: GET only (some mirrors refuse HEAD). A connection that breaks is
/// made again after a pause and goes on where it ended; a file that changed meanwhile is an error. An https
/// address is never redirected to plain http. Proxies come from the request, else from the environment.
///
/// Connections are kept for later requests. One object serves any number of threads.
class CurlTransport final : public Transport {
  public:
    explicit CurlTransport(CurlOptions options = {});
    ~CurlTransport() override;

    Outcome get(const Request& request, const Sink& sink) override;

  private:
    struct CloseHandle {
        void operator()(void* handle) const;
    };
    using Handle = std::unique_ptr<void, CloseHandle>;  // CURL

    Handle take_handle();
    void give_back(Handle handle);

    CurlOptions options_;
    std::mutex mutex_;
    std::vector<Handle> idle_;  // guarded by mutex_
};

}  // namespace cairn::net
