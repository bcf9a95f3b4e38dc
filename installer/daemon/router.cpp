#include "installer/daemon/router.h"

#include <algorithm>
#include <array>
#include <format>

#include "installer/api/errors.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

constexpr std::size_t most_components = 8;
/// Those that are counted by their names: others come from outside, in any number.
constexpr std::array<std::string_view, 4> methods = {"GET", "POST", "PATCH", "DELETE"};

std::vector<std::string> to_components(const std::string& path) {
    if (path == "/") return {};
    return split(std::string_view(path).substr(path.starts_with('/') ? 1 : 0), '/');
}

bool is_word(const std::string& component) {
    return component.starts_with('{');
}

bool is_match(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    return std::ranges::equal(pattern, path, [](const std::string& expected, const std::string& found) {
        return is_word(expected) ? !found.empty() : expected == found;
    });
}

std::string find_word(const Router::Route& route, const std::vector<std::string>& path) {
    const auto place = std::ranges::find_if(route.path, is_word);
    return place == route.path.end() ? std::string() : path[place - route.path.begin()];
}

}  // namespace

void Router::add(std::string method, std::string path, api::Role role, Action action) {
    routes_.push_back({std::move(method), to_components(path), role, std::move(action)});
    CHECK(routes_.back().path.size() <= most_components);
}

api::Answer Router::handle(const api::Request& request) {
    api::Answer given;
    try {
        given = answer(request);
    } catch (const std::exception& error) {
        given = api::make_error_answer(error);
    }
    const bool is_known = std::ranges::find(methods, request.method) != methods.end();
    const std::scoped_lock lock(mutex_);
    ++counts_[{is_known ? request.method : "other", given.status}];
    return given;
}

api::Answer Router::answer(const api::Request& request) const {
    const std::vector<std::string> path = to_components(request.path);
    std::vector<std::string> allowed;
    for (const Route& route : routes_) {
        if (!is_match(route.path, path)) continue;
        if (route.method != request.method) {
            allowed.push_back(route.method);
            continue;
        }
        if (request.caller.role < route.role)
            throw api::Forbidden(std::format("{} {} needs the role '{}'", request.method, request.path,
                                             api::to_text(route.role)))
                .detail("caller", request.caller.name)
                .detail("role", std::string(api::to_text(request.caller.role)));
        return route.action(request, find_word(route, path));
    }
    if (allowed.empty())
        throw api::NotFound(std::format("there is no path '{}'", request.path))
            .hint("installer/api/openapi.yaml lists the paths");
    std::ranges::sort(allowed);
    api::Answer refusal =
        api::make_error_answer(405, std::format("path '{}' has no method {}", request.path, request.method));
    refusal.headers.emplace_back("Allow", join(allowed, ", "));
    return refusal;
}

api::Role Router::role_of(const std::string& method, const std::string& path) const {
    const std::vector<std::string> components = to_components(path);
    for (const Route& route : routes_)
        if (route.method == method && is_match(route.path, components)) return route.role;
    return api::Role::reader;
}

std::map<std::pair<std::string, int>, std::uint64_t> Router::counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
}

}  // namespace cairn::daemon
