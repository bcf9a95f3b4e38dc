#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "installer/api/request.h"

namespace cairn::daemon {

/// All paths of the API with who may use them; `installer/api/openapi.yaml` describes the same for people,
/// and a test compares the two.
class Router final : public api::Handler {
  public:
    /// `word` is what stands in the place of the path's `{…}`.
    using Action = std::function<api::Answer(const api::Request& request, const std::string& word)>;

    /// `path` may have one component in braces: "/services/{name}/restart". All are added before the first
    /// request.
    void add(std::string method, std::string path, api::Role role, Action action);

    /// Every exception becomes an error answer. 404 for a path that is none, 405 with the methods that there
    /// are, 403 for who may not use it.
    api::Answer handle(const api::Request& request) override;

    /// The least role for a request; `reader` for what is no path here.
    api::Role role_of(const std::string& method, const std::string& path) const;

    /// How many requests were answered so far, by method and status.
    std::map<std::pair<std::string, int>, std::uint64_t> counts() const;

    struct Route {
        std::string method;
        std::vector<std::string> path;  // components
        api::Role role = api::Role::admin;
        Action action;
    };
    const std::vector<Route>& routes() const { return routes_; }

  private:
    api::Answer answer(const api::Request& request) const;

    std::vector<Route> routes_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::uint64_t> counts_;  // guarded by mutex_
};

}  // namespace cairn::daemon
