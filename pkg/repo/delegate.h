#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pkg/repo/repository.h"

/// Channels: targets roles that "targets" delegates to beside images and packages, with signers of their own
/// (TUF specification, section 4.5). Their packages are called <channel>/<architecture>/<file>.
namespace cairn::repo {

/// What a channel is to be; what is empty stays as it is, or is as usual for a new one.
struct ChannelRequest {
    std::vector<crypto::PublicKey> keys;  // the channel's, all of them
    std::optional<std::uint64_t> threshold;
    std::vector<std::string> paths;             // patterns of target names; "<channel>/*/*" as usual
    std::optional<bool> is_terminating;         // a search for its names ends here; yes as usual
    std::optional<std::chrono::days> lifetime;  // 180 days as usual
};

/// Makes a channel or changes a known one. Throws UsageError for a name or a pattern that would reach into
/// what others sign.
CommitResult delegate(Repository& repository, const std::string& channel, const ChannelRequest& request,
                      const Signing& signing, tuf::Time now);

/// Readers find nothing in it any more. Its metadata stays: a snapshot never forgets a role.
CommitResult remove_channel(Repository& repository, const std::string& channel, const Signing& signing,
                            tuf::Time now);

/// Names of all channels, as "targets" delegates to them.
std::vector<std::string> list_channels(Repository& repository);
/// Throws UsageError naming the nearest.
const tuf::Delegation& find_channel(Repository& repository, const std::string& channel);

}  // namespace cairn::repo
