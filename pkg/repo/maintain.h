#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pkg/repo/repository.h"

/// Looking after a repository: what expires, new keys, whether all is there.
namespace cairn::repo {

struct RoleStatus {
    std::string role;
    std::uint64_t version = 0;
    tuf::Time expires = 0;
    std::uint64_t threshold = 1;
    std::size_t keys = 1;
    bool is_due = false;  // in the last quarter of its life, or past it
    bool has_expired = false;
};
/// root, timestamp, snapshot, targets, images, packages, channels; of the bins the one that expires first.
std::vector<RoleStatus> read_status(Repository& repository, tuf::Time now);

/// "in 13 days", "in 5 hours", "3 days ago".
std::string describe_expiry(tuf::Time expires, tuf::Time now);

struct RefreshResult {
    std::vector<std::string> renewed;
    std::vector<std::string> left;  // due, and too few of their keys are here
    CommitResult commit;
};
/// Signs timestamp and snapshot again, and every other role that is due and whose keys are here. What others
/// must sign is left, so that it holds nothing up; naming it in `roles` makes a change that waits for them.
RefreshResult refresh(Repository& repository, const Signing& signing, tuf::Time now,
                      const std::vector<std::string>& roles = {});

/// Copies the repository to a new directory for a stick: its snapshot and timestamp have the next versions
/// and hold for `lifetime`. The repository itself stays as it is.
void export_copy(const Repository& repository, const std::filesystem::path& place, const Signing& signing,
                 std::chrono::days lifetime, tuf::Time now);

struct VerifyResult {
    std::size_t roles = 0;
    std::size_t targets = 0;
    std::uint64_t bytes = 0;
};
/// Reads every role and every target and checks them against each other, from the first root on. Throws
/// VerifyError or Error naming the first that is wrong.
VerifyResult verify(Repository& repository);

}  // namespace cairn::repo
