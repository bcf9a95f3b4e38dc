#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/fd.h"
#include "pkg/net/transport.h"
#include "pkg/tuf/trusted.h"

/// The TUF client (TUF specification 1.0, section 5): from a root that is trusted to files that can be.
namespace cairn::tuf {

/// Bounds on what a server can make a client read and do.
struct ClientLimits {
    std::uint64_t root = 256 * 1024;  // bytes
    std::uint64_t timestamp = 64 * 1024;
    std::uint64_t snapshot = 64 * 1024;
    std::uint64_t targets = 1024 * 1024;  // each targets role
    std::uint64_t target = std::uint64_t{16}
                           << 30;            // a target whose length nothing says; never so by our rules
    unsigned roots = 256;                    // new roots in one update
    unsigned delegations = 64;               // roles looked at for one target
    std::chrono::seconds metadata_time{60};  // for one metadata file from one mirror
};

struct ClientOptions {
    std::filesystem::path state;                // where the trusted metadata is kept, as received
    std::vector<std::string> metadata_mirrors;  // addresses, tried in order
    ClientLimits limits = {};
    Time now = 0;  // the update's start
};

/// One update. What it trusts is persisted file by file as soon as it is verified, so that no later one goes
/// back behind it; whatever it refuses leaves no trace. Each new root also stays as <version>.root.json. One
/// client at a time uses a state directory.
class Client {
  public:
    /// Puts a root that was received by a trusted way into a new state directory. Throws Error when it does
    /// not verify by its own keys, or when the directory has another root already.
    static void init(std::string_view root_text, const std::filesystem::path& state);

    /// Locks the state directory (waits for another client). Throws Error when it was not initialised.
    Client(ClientOptions options, net::Transport& transport);

    /// Sections 5.1 to 5.6.3: root, timestamp, snapshot, targets. Throws VerifyError or NetworkError.
    void refresh();

    /// Section 5.6.7, after refresh: the target as the first role that is responsible lists it. Delegated
    /// roles are fetched as they are needed.
    std::optional<FileDescription> find_target(const std::string& name);

    using Progress = std::function<void(std::uint64_t done, std::uint64_t size)>;
    /// Section 5.7: fetches a target into `output`/<name>, which appears whole and verified or not at all;
    /// one that is there already and right is left alone. Gives the file.
    std::filesystem::path download(const std::string& name, const std::vector<std::string>& mirrors,
                                   const std::filesystem::path& output, const Progress& progress = {});

    const TrustedMetadata& trusted() const { return trusted_; }

  private:
    using Accept = std::function<void(const std::string& text)>;
    std::optional<std::string> find_state(std::string_view role, std::uint64_t limit) const;
    void persist(std::string_view role, std::string_view text) const;
    enum class Need { required, optional };
    bool fetch_metadata(const std::string& file, std::uint64_t limit, Need need, const Accept& accept);
    void require_metadata(const std::string& file, std::uint64_t limit, const Accept& accept);
    std::optional<std::uint64_t> file_version(std::uint64_t version) const;

    void refresh_root();
    void refresh_timestamp();
    void refresh_snapshot();
    void load_targets(const std::string& role, const std::string& parent);
    void fetch_target(const std::string& name, const FileDescription& file, const std::string& mirror,
                      const std::filesystem::path& place, const Progress& progress);

    ClientOptions options_;
    net::Transport& transport_;
    Fd lock_;
    TrustedMetadata trusted_;
};

}  // namespace cairn::tuf
