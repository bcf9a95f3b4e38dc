#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/net/transport.h"

namespace cairn::daemon {

/// Which image this device has; only versions of the same are looked at.
struct ImageIdentity {
    std::string name;
    std::string architecture;
    std::string version;
    std::string version_floor = {};  // nothing older is taken; empty: none
    std::uint64_t settings_format = 1;
};

struct PackageChange {
    std::string package;
    std::optional<std::string> from;  // empty: it is new
    std::optional<std::string> to;    // empty: it goes
    bool operator==(const PackageChange&) const = default;
};

/// What differs, by package; sorted. Both are lists of objects whose members `name` and the version's name
/// are texts; what is not so is passed over.
std::vector<PackageChange> find_package_changes(const Json& running_sbom, const Json& image);

/// Bytes that a download takes at most: tree, index and blocks of the payload; empty for an image without.
std::optional<std::uint64_t> find_download_bytes(const Json& image);

struct UpdateClientOptions {
    std::filesystem::path root;              // of the device
    std::chrono::seconds metadata_time{60};  // for one metadata file
};

/// The device's side of a repository: refreshes the trusted metadata and fetches the few targets that say
/// what there is. It verifies for its own reports; the helper verifies once more and believes none of it.
///
/// State: /var/lib/cairn/tuf, begun with the image's root; files: /var/lib/cairn/update/targets/<target>.
class UpdateClient {
  public:
    UpdateClient(UpdateClientOptions options, net::Transport& transport);

    /// Which version of those in a verified updates.json is wanted; empty: none.
    using Choose = std::function<std::optional<std::string>(const Json& updates)>;
    struct Found {
        Json updates;                // updates.json
        std::optional<Json> chosen;  // image.json of the chosen version
    };
    /// Asks the repository at `repository` (its targets lie in `targets` there, its metadata in `metadata`).
    /// Throws NetworkError when it cannot be reached or is too slow, VerifyError when what it says does not
    /// verify, api::NotFound when it has nothing for this image. What was known before stays known.
    Found refresh(const std::string& repository, const ImageIdentity& image, std::int64_t now,
                  const Choose& choose);

  private:
    UpdateClientOptions options_;
    net::Transport& transport_;
};

/// Another transport, until `check` throws: it is asked about once a second while something is fetched, also
/// when nothing arrives.
class CheckedTransport final : public net::Transport {
  public:
    using Check = std::function<void()>;
    CheckedTransport(net::Transport& transport, Check check)
        : transport_(transport), check_(std::move(check)) {}
    net::Outcome get(const net::Request& request, const net::Sink& sink) override;

  private:
    net::Transport& transport_;
    Check check_;
};

/// Serves the helper's requests for bytes: paths below the repository's targets.
class TargetsTransport final : public net::Transport {
  public:
    TargetsTransport(net::Transport& transport, const std::string& repository);
    net::Outcome get(const net::Request& request, const net::Sink& sink) override;

  private:
    net::Transport& transport_;
    std::string targets_;
};

}  // namespace cairn::daemon
