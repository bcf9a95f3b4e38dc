#pragma once

#include <string>

#include "pkg/repo/repository.h"

namespace cairn::repo {

/// Other keys or another threshold for a role: root, timestamp, snapshot, targets (with packages and its
/// bins), images, or a channel. What the role signs is signed again. With fewer keys at hand than it takes,
/// the change waits: a root needs a threshold of its former and of its new keys.
CommitResult rotate(Repository& repository, const std::string& role, const SignerChange& change,
                    const Signing& signing, tuf::Time now);

/// Exchanges the key of a role for that of `new_keys`.
CommitResult rotate(Repository& repository, const std::string& role, crypto::KeyDirectory& old_keys,
                    crypto::KeyDirectory& new_keys, tuf::Time now);

/// Which of a maker's keys is meant for a role.
crypto::Role key_of(const std::string& role);

}  // namespace cairn::repo
