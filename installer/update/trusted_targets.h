#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "pkg/tuf/client.h"

/// What the repository's signers say, proven from the root of trust that is part of the running image. Others
/// without rights have fetched the files; of these nothing is believed but signatures and hashes.
namespace cairn::update {

/// Where things are. `received` and `targets` belong to whoever talks to the network.
struct TrustFolders {
    std::filesystem::path image_root = "/usr/share/cairn/root.json";
    /// State of the client that fetched: timestamp.json, snapshot.json, a file for each targets role, and
    /// each root as <version>.root.json.
    std::filesystem::path received = "/var/lib/cairn/tuf";
    /// Target files under their names.
    std::filesystem::path targets = "/var/lib/cairn/update/targets";
    /// What was believed last, as a TUF client keeps it: versions never go back behind it. Only root writes
    /// it.
    std::filesystem::path state = "/var/lib/cairn/update/trusted";
};

/// A folder that others write, as a source of bytes: regular files only, links are not followed. Addresses
/// are paths in it; for `<number>.<role>.json` also `<role>.json` is looked for, as a client's state has no
/// more than one version of each.
class ReceivedFolder final : public net::Transport {
  public:
    explicit ReceivedFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
    net::Outcome get(const net::Request& request, const net::Sink& sink) override;

  private:
    std::filesystem::path folder_;
};

/// A TUF client of that folder, with a state of its own: every rule of the specification holds between what
/// was received and what is believed here.
class TrustedTargets {
  public:
    /// Throws VerifyError naming the rule that is broken, NetworkError when something is missing: then it has
    /// to be fetched again. `now` is not earlier than the image's build time.
    TrustedTargets(TrustFolders folders, tuf::Time now);

    /// A target's content, no more than `limit` bytes, of the length and hashes that are signed. Throws Error
    /// when the repository has none of this name, NetworkError when its file was not fetched.
    std::string read(const std::string& name, std::uint64_t limit);

  private:
    TrustFolders folders_;
    ReceivedFolder received_;
    tuf::Client client_;
};

}  // namespace cairn::update
