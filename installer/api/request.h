#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/json.h"

/// Requests and answers of the device API as plain values: what the server (`installer/daemon`) gives to the
/// paths' code and gets back. Nothing here knows a socket or the HTTP library.
namespace cairn::api {

/// What a caller may do. Each role may do all that those before it may.
enum class Role { none, reader, operator_, admin };

/// "reader", "operator", "admin"; "none".
std::string_view to_text(Role role);
/// Throws UsageError for another word; "none" is none that can be given.
Role parse_role(std::string_view text);

/// Who asks.
struct Caller {
    Role role = Role::none;
    std::string name;  // "root", "uid 1000", or a client's name in the settings
    bool operator==(const Caller&) const = default;
};

/// A request that the server has let through: within its limits, from a caller whose role allows the path.
struct Request {
    std::string method;                          // upper case
    std::string path;                            // decoded, without the query
    std::map<std::string, std::string> query;    // decoded; of a name given twice the last
    std::map<std::string, std::string> headers;  // names in lower case; of one given twice the last
    std::string body;
    Caller caller;
};

/// Sends bytes to the client; false when the client is gone or the server stops, and nothing more can be
/// sent.
using Write = std::function<bool(std::string_view bytes)>;

struct Answer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;

    /// Set: makes the body piece by piece, and `body` is not used. Called once, in the request's own thread,
    /// after status and headers were sent. Returns true when the body is whole; false, or an exception, cuts
    /// the connection, so that the client does not take a part for the whole.
    std::function<bool(const Write& write)> stream;
};

/// What answers requests.
class Handler {
  public:
    virtual ~Handler() = default;
    /// Called from many threads at once. Exceptions become error answers, see make_error_answer.
    virtual Answer handle(const Request& request) = 0;
};

/// 200 with a JSON body.
Answer make_json_answer(const Json& value);

/// {"error": {"message", "details": {name: value}, "hint"}}; what is empty is left out.
Answer make_error_answer(int status, std::string_view message,
                         const std::vector<std::pair<std::string, std::string>>& details = {},
                         std::string_view hint = {});

/// The answer for an exception. UsageError 400 (with "violations" when it is InvalidSettings), and the errors
/// of errors.h, NetworkError 502, VerifyError 422, all else 500. "context" says what was under way, innermost
/// first.
Answer make_error_answer(const std::exception& error);

/// The request's body as a JSON object, with no members but these; an empty body is an empty object. Throws
/// UsageError.
Json parse_body(const Request& request, const std::vector<std::string_view>& members);
/// The same with any members.
Json parse_body(const Request& request);

}  // namespace cairn::api
