#pragma once

#include <unistd.h>

#include <map>
#include <mutex>
#include <string>

#include "installer/api/errors.h"
#include "installer/daemon/event_hub.h"
#include "installer/daemon/http_server.h"
#include "pkg/base/files.h"

namespace cairn::daemon {

/// A few paths of every kind; the roles stand in `role_of`.
class TestApi final : public api::Handler {
  public:
    api::Answer handle(const api::Request& request) override {
        if (request.path == "/who")
            return api::make_json_answer({{"name", request.caller.name},
                                          {"role", to_text(request.caller.role)},
                                          {"query", request.query}});
        if (request.path == "/echo") {
            if (request.method == "GET") return {.status = 405, .headers = {{"Allow", "POST"}}};
            return api::make_json_answer(parse_body(request));
        }
        if (request.path == "/nothing") return {.status = 204};
        if (request.path == "/switch") {
            on_switch();
            return {.status = 204};
        }
        if (request.path == "/events") return hub.open_stream();
        if (request.path == "/pieces")
            return {.content_type = "text/plain", .stream = [](const api::Write& write) {
                        return write("one ") && write("") && write("two");
                    }};
        if (request.path == "/cut")
            return {.content_type = "text/plain",
                    .stream = [](const api::Write& write) { return write("part") && false; }};
        if (request.path == "/bug") throw std::runtime_error("a bug");
        if (request.path == "/conflict") throw api::Conflict("not now");
        throw api::NotFound("there is no '" + request.path + "'");
    }

    static api::Role role_of(const std::string& method, const std::string& path) {
        if (path == "/open") return api::Role::none;
        if (path == "/admin") return api::Role::admin;
        return method == "GET" ? api::Role::reader : api::Role::operator_;
    }

    EventHub hub;
    std::function<void()> on_switch;
};

/// A server on a socket of its own. Whoever runs the test is admin.
class TestServer {
  public:
    static ServerOptions default_options() {
        ServerOptions options;
        options.http.role_of = TestApi::role_of;
        options.groups.admin = getegid();
        return options;
    }

    explicit TestServer(ServerOptions options = default_options())
        : server(with_clients(std::move(options)), api) {
        server.listen_on_socket(socket());
    }
    ~TestServer() {
        api.hub.close();
        server.stop();
    }

    std::filesystem::path socket() const { return folder_.path() / "api.sock"; }

    /// Lets a client in; Role::none forgets it.
    void set_client(const crypto::TlsIdentity& identity, api::Role role) {
        const std::scoped_lock lock(mutex_);
        const crypto::Hash key = crypto::key_fingerprint(identity.certificate_pem);
        clients_.erase(key);
        if (role != api::Role::none) clients_[key] = {.role = role, .name = "laptop"};
    }

    TestApi api;

  private:
    ServerOptions with_clients(ServerOptions options) {
        options.find_client = [this](const crypto::Hash& key) -> std::optional<api::Caller> {
            const std::scoped_lock lock(mutex_);
            const auto place = clients_.find(key);
            return place == clients_.end() ? std::nullopt : std::optional(place->second);
        };
        return options;
    }

    TemporaryDirectory folder_{"/tmp", "cairn-api"};
    std::mutex mutex_;
    std::map<crypto::Hash, api::Caller> clients_;

  public:
    Server server;
};

}  // namespace cairn::daemon
