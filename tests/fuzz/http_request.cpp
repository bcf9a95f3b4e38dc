#include <algorithm>
#include <vector>

#include "installer/api/errors.h"
#include "installer/daemon/http_session.h"
#include "installer/settings/values.h"
#include "tests/fuzz/fuzz.h"

/// Input: a byte that says who asks, and what a client sends on one connection.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

/// Gives the bytes in pieces of one size, and keeps what is answered.
class FuzzConnection final : public daemon::Connection {
  public:
    FuzzConnection(std::string_view input, std::size_t piece) : input_(input), piece_(piece) {}

    std::size_t read(std::span<char> bytes, daemon::TimePoint /*deadline*/) override {
        const std::size_t size = std::min({bytes.size(), piece_, input_.size()});
        if (size == 0) state_ = State::over;
        std::ranges::copy(input_.substr(0, size), bytes.begin());
        input_.remove_prefix(size);
        return size;
    }
    bool write(std::string_view bytes, daemon::TimePoint /*deadline*/) override {
        answers += bytes;
        return true;
    }
    void finish(daemon::TimePoint /*deadline*/) override {}

    std::string answers;

  private:
    std::string_view input_;
    std::size_t piece_;
};

api::Role role_of(const std::string& method, const std::string& path) {
    if (path == "/") return api::Role::none;
    if (method == "GET") return api::Role::reader;
    return path == "/settings" ? api::Role::admin : api::Role::operator_;
}

/// Takes settings as the device does, and looks whether every request that comes here may.
class FuzzHandler final : public api::Handler {
  public:
    explicit FuzzHandler(std::size_t most) : most_(most) {}

    api::Answer handle(const api::Request& request) override {
        require(request.caller.role >= role_of(request.method, request.path), "the caller's role is enough");
        require(request.body.size() <= most_, "a body is within its limit");
        require(request.path.starts_with('/') && !(request.path + "/").contains("/../"),
                "a path leads nowhere else");
        require(request.method != "HEAD" && (request.method != "GET" || request.body.empty()),
                "GET has no body");
        require(request.method == "GET" || request.headers.at("content-type").size() >= 16,
                "a change comes as JSON");
        for (const auto& [name, value] : request.headers)
            require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                    "headers are lines");
        if (request.path == "/pieces")
            return {.content_type = "text/plain",
                    .stream = [](const api::Write& write) { return write("a") && write("b"); }};
        if (request.path == "/nothing") return {.status = 204};
        if (request.method == "GET") return api::make_json_answer(request.query);
        return api::make_json_answer(verify_values(parse_body(request), schema_).effective());
    }

  private:
    std::size_t most_;
    settings::Schema schema_{{settings::parse_piece(R"(
format = 1
[[setting]]
path = "system.motd"
description = "a greeting"
type = "string"
)",
                                                    "fuzz.toml")}};
};

std::string answer(std::string_view input, std::size_t piece) {
    using Callers = std::vector<std::optional<api::Caller>>;
    static const Callers callers{std::nullopt, api::Caller{api::Role::none, "a"},
                                 api::Caller{api::Role::reader, "b"}, api::Caller{api::Role::operator_, "c"},
                                 api::Caller{api::Role::admin, "d"}};
    const std::optional<api::Caller>& caller = callers[static_cast<std::uint8_t>(input[0]) % callers.size()];
    daemon::HttpRules rules{.role_of = role_of,
                            .on_failure = [](const std::string&) { require(false, "no request is a bug"); }};
    rules.limits.head_bytes = 512;
    rules.limits.body_bytes = 256;
    static FuzzHandler handler(256);
    FuzzConnection connection(input.substr(1), piece);
    serve_http(connection, [&] { return caller; }, rules, handler);
    return connection.answers;
}

}  // namespace

FUZZ_TARGET(input) {
    if (input.empty() || input.size() > 8192) return;
    const std::string whole = answer(text_of(input), 8192);
    require(whole.empty() || whole.starts_with("HTTP/1.1 "), "what is answered is HTTP");
    require(answer(text_of(input), 1) == whole, "it means nothing in which pieces a request comes");
}
