#include "installer/daemon/request_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <string_view>

namespace cairn::daemon {
namespace {

using api::make_error_answer;

/// Two of one of these can be understood in two ways.
constexpr std::array<std::string_view, 7> single_headers{
    "content-encoding", "content-length", "content-type", "expect", "host", "origin", "transfer-encoding"};

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return lower;
}

std::string_view find(const api::Request& request, const std::string& name) {
    const auto place = request.headers.find(name);
    return place == request.headers.end() ? std::string_view() : std::string_view(place->second);
}

/// False when one that may come once came again.
bool take_headers(const ReceivedHeaders& received, api::Request& request) {
    for (const auto& [name, value] : received) {
        const std::string lower = to_lower(name);
        const bool is_new = request.headers.insert_or_assign(lower, value).second;
        if (!is_new && std::ranges::contains(single_headers, lower)) return false;
    }
    return true;
}

/// Decoded paths are cut at slashes and compared; what could mean another place is none.
bool is_plain_path(std::string_view path) {
    if (!path.starts_with('/') ||
        std::ranges::any_of(path, [](unsigned char letter) { return letter < ' ' || letter == 0x7f; }))
        return false;
    const std::string whole = std::string(path) + "/";
    return !whole.contains("/./") && !whole.contains("/../");
}

enum class BodyKind { none, sized, chunked, malformed };

struct BodyHead {
    BodyKind kind = BodyKind::none;
    std::size_t size = 0;
};

BodyHead read_body_head(const api::Request& request) {
    const auto length = request.headers.find("content-length");
    const auto coding = request.headers.find("transfer-encoding");
    if (coding != request.headers.end())
        return {length == request.headers.end() && to_lower(coding->second) == "chunked"
                    ? BodyKind::chunked
                    : BodyKind::malformed};
    if (length == request.headers.end()) return {};
    const std::string& text = length->second;
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size()) return {BodyKind::malformed};
    return {size == 0 ? BodyKind::none : BodyKind::sized, size};
}

std::optional<api::Answer> refuse_caller(const std::optional<api::Caller>& caller, api::Role needed) {
    if (needed == api::Role::none) return std::nullopt;
    if (!caller)
        return make_error_answer(
            401, "a client certificate that this device knows is needed", {},
            "pair this client with the device, or add its key to the setting 'api.clients'");
    if (caller->role >= needed) return std::nullopt;
    return make_error_answer(
        403, std::format("'{}' may not do this", caller->name),
        {{"role", std::string(to_text(caller->role))}, {"needed", std::string(to_text(needed))}});
}

/// Pages of other sites can make a browser send requests, but not with this type, and not without saying
/// where from.
std::optional<api::Answer> refuse_foreign_change(const api::Request& request) {
    const std::string type = to_lower(find(request, "content-type"));
    const std::string_view kind = std::string_view(type).substr(0, type.find(';'));
    if (kind.substr(0, kind.find_last_not_of(" \t") + 1) != "application/json")
        return make_error_answer(415,
                                 "a request that changes something needs 'Content-Type: application/json'");
    if (!request.headers.contains("origin")) return std::nullopt;
    const std::string origin = to_lower(find(request, "origin"));
    const std::size_t scheme_end = origin.find("://");
    if (scheme_end != std::string::npos && origin.substr(scheme_end + 3) == to_lower(find(request, "host")))
        return std::nullopt;
    return make_error_answer(
        403, std::format("a page of '{}' may not change this device", find(request, "origin")));
}

std::optional<api::Answer> refuse_body(const api::Request& request, const BodyHead& body, std::size_t most) {
    if (request.method == "GET" && body.kind != BodyKind::none)
        return make_error_answer(400, "GET has no body");
    if (body.size > most) return make_too_large_answer(most);
    if (body.kind != BodyKind::none && !find(request, "content-encoding").empty())
        return make_error_answer(
            415, std::format("the body is encoded as '{}'", find(request, "content-encoding")), {},
            "send it as it is");
    return std::nullopt;
}

}  // namespace

CheckedHead check_head(const ReceivedHeaders& received, api::Request& request, const HttpRules& rules,
                       const FindCaller& find_caller) {
    CheckedHead checked{.has_body = true};  // until it is known
    const bool is_clear = take_headers(received, request);
    const BodyHead body = read_body_head(request);
    if (!is_clear || body.kind == BodyKind::malformed || find(request, "host").empty() ||
        !is_plain_path(request.path)) {
        checked.refusal = make_error_answer(400, "the request can be understood in more than one way");
        return checked;
    }
    checked.has_body = body.kind != BodyKind::none;
    checked.needed = rules.role_of(request.method, request.path);
    const std::optional<api::Caller> caller = find_caller();
    if (caller) request.caller = *caller;
    checked.is_stranger = !caller;
    checked.refusal = refuse_caller(caller, checked.needed);
    if (!checked.refusal && request.method != "GET") checked.refusal = refuse_foreign_change(request);
    if (!checked.refusal) checked.refusal = refuse_body(request, body, rules.limits.body_bytes);
    return checked;
}

api::Answer make_too_large_answer(std::size_t most) {
    return make_error_answer(413, std::format("the request's body has more than {} bytes", most));
}

}  // namespace cairn::daemon
