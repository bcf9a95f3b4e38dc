#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/net/transport.h"

/// Asking the privileged helper (installer/helper) to do something. Verbs and wire: HELPER.md.
namespace cairn::api {

struct HelperProgress {
    std::string step;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

class HelperLink {
  public:
    virtual ~HelperLink() = default;

    /// Carries out one verb and gives its result. `fetch` serves the helper's requests for bytes, whose url
    /// is a path below the repository's targets ("payload/<root hash>.frames"); null for verbs that need
    /// none. Throws the helper's errors as the classes they were there, NetworkError when it cannot be
    /// reached or is gone. What `on_progress` throws ends the call; the helper then stops at the next step.
    virtual Json call(std::string_view verb, const Json& arguments, net::Transport* fetch = nullptr,
                      const std::function<void(const HelperProgress&)>& on_progress = {}) = 0;
};

/// One connection for each call, so any number of threads may call at once.
class SocketHelperLink final : public HelperLink {
  public:
    explicit SocketHelperLink(std::filesystem::path socket = "/run/cairn/helper.sock")
        : socket_(std::move(socket)) {}

    Json call(std::string_view verb, const Json& arguments, net::Transport* fetch = nullptr,
              const std::function<void(const HelperProgress&)>& on_progress = {}) override;

  private:
    std::filesystem::path socket_;
};

}  // namespace cairn::api
