#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "installer/api/helper_link.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"

namespace cairn::testing {

/// What the helper says of a machine that runs 1.0, with nothing under way.
inline Json make_idle_state() {
    return {{"running",
             {{"name", "base"},
              {"version", "1.0"},
              {"architecture", "x86_64"},
              {"root_hash", "aa"},
              {"slot", "a"},
              {"on_trial", false},
              {"tries_left", nullptr},
              {"is_good", true}}},
            {"step", "idle"},
            {"image", nullptr},
            {"other", nullptr},
            {"failed_trial", nullptr},
            {"denied", Json::array()},
            {"boots", Json::array()}};
}

/// A helper that remembers what it was asked to do, and answers as a test wants: a fixed result, or what a
/// function gives or throws.
class FakeHelperLink : public api::HelperLink {
  public:
    using Verb = std::function<Json(const Json& arguments, net::Transport* fetch,
                                    const std::function<void(const api::HelperProgress&)>& on_progress)>;

    Json call(std::string_view verb, const Json& arguments, net::Transport* fetch = nullptr,
              const std::function<void(const api::HelperProgress&)>& on_progress = {}) override {
        Verb answer;
        {
            const std::scoped_lock lock(mutex_);
            if (verb != "state") calls_.emplace_back(verb, arguments);
            if (const auto found = verbs_.find(verb); found != verbs_.end()) answer = found->second;
        }
        return answer ? answer(arguments, fetch, on_progress) : Json::object();
    }

    void set(const std::string& verb, Verb answer) {
        const std::scoped_lock lock(mutex_);
        verbs_[verb] = std::move(answer);
    }
    void set_result(const std::string& verb, Json result) {
        set(verb, [result = std::move(result)](auto&&...) { return result; });
    }
    template <class Failure>
    void fail(const std::string& verb, Failure failure) {
        set(verb, [failure](auto&&...) -> Json { throw failure; });
    }
    /// All but "state", in order.
    std::vector<std::pair<std::string, Json>> take_calls() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(calls_, {});
    }

  private:
    std::mutex mutex_;
    std::map<std::string, Verb, std::less<>> verbs_;
    std::vector<std::pair<std::string, Json>> calls_;
};

}  // namespace cairn::testing
