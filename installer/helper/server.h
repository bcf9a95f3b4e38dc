#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <vector>

#include "installer/helper/session.h"
#include "pkg/base/fd.h"
#include "pkg/base/json.h"

namespace cairn::helper {

struct ServerOptions {
    std::filesystem::path socket = "/run/cairn/helper.sock";
    std::optional<gid_t> group = {};                   // of the socket; empty: the process's own
    std::vector<uid_t> allowed = {0, 200};             // root and cairn
    std::chrono::seconds silence{300};                 // a client that owes an answer for longer is given up
    std::function<void(const std::string&)> say = {};  // a line for the log
};

/// The helper's socket: one request for each connection, each in a thread of its own, a few at once. What a
/// client sends ends its own connection at most.
class Server {
  public:
    static constexpr std::ptrdiff_t most_connections = 8;
    /// Gives the result of one request; exceptions become the error that the client gets.
    using Serve = std::function<Json(const Json& request, Session& session)>;

    /// Listens from here on; a socket that an earlier process left is replaced.
    Server(ServerOptions options, Serve serve);
    ~Server();

    /// Until `stop` can be read from; requests under way are waited for.
    void run(int stop);

  private:
    void accept_one();
    void serve_connection(Fd socket);

    ServerOptions options_;
    Serve serve_;
    Fd listener_;
    std::counting_semaphore<most_connections> free_{most_connections};
};

}  // namespace cairn::helper
