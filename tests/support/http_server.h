#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "pkg/base/fd.h"

namespace cairn::support {

/// One file of the test server, and how badly it is served.
struct ServedFile {
    std::string content;
    int status = 200;
    bool has_ranges = true;
    std::string location = {};  // with a 3xx status
    std::string etag = {};
    int failures = 0;  // so many requests get `failure_status` first
    int failure_status = 503;
    int cuts = 0;                        // so many requests are cut off …
    std::size_t cut_after = 0;           // … after so many bytes of the body
    std::chrono::milliseconds pause{0};  // before the body
    std::size_t bytes_per_second = 0;    // of the answer; 0: as fast as it goes
    std::string content_after_cut = {};  // replaces `content` once a request was cut
};

/// An HTTP server on a free port of the loopback interface, for as long as it lives. Remembers what was asked
/// for.
class HttpServer {
  public:
    HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

    void serve(const std::string& path, ServedFile file);
    void serve(const std::string& path, std::string content) {
        serve(path, ServedFile{.content = std::move(content)});
    }
    /// "http://127.0.0.1:<port>" + path.
    std::string address(const std::string& path = "") const;
    /// "GET /path", with " bytes=…" for ranges; in order of arrival.
    std::vector<std::string> requests() const;
    /// The network dies once `bytes` more have gone out: what is being sent ends there, and later connections
    /// are closed without an answer, until it is mended.
    void die_after(std::uint64_t bytes);
    void mend() { deadline_ = no_deadline; }
    /// So many bytes went out, or into the buffers of connections, so far.
    std::uint64_t bytes_sent() const { return bytes_sent_; }

  private:
    void accept_connections();
    void answer(int connection);
    std::string find_answer(const std::string& path, const std::string& range, std::size_t& send_limit);

    void send_slowly(int connection, std::string_view reply, std::size_t bytes_per_second);
    std::size_t bytes_left() const;

    static constexpr std::uint64_t no_deadline = ~std::uint64_t{0};

    Fd listener_;
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::uint64_t> bytes_sent_ = 0;
    std::atomic<std::uint64_t> deadline_ = no_deadline;  // the value of bytes_sent_ at which nothing works
    mutable std::mutex mutex_;
    std::map<std::string, ServedFile> files_;  // guarded by mutex_
    std::vector<std::string> requests_;        // guarded by mutex_
    std::vector<std::thread> connections_;     // touched by acceptor_ only
    std::thread acceptor_;
};

}  // namespace cairn::support
