#pragma once

#include <deque>
#include <string>
#include <vector>

#include "cli/term/command.h"
#include "pkg/repo/repository.h"

/// What the commands of a repository's maker share.
namespace cairn::host {

/// The maker's key directory, and further ones that were named with --keys.
class MakerKeys {
  public:
    explicit MakerKeys(const std::vector<std::string>& further);
    MakerKeys(const MakerKeys&) = delete;
    MakerKeys& operator=(const MakerKeys&) = delete;

    crypto::KeyDirectory& own() { return directories_.front(); }
    void add(const std::string& directory);
    const std::deque<crypto::KeyDirectory>& all() const { return directories_; }
    const repo::Signing& signing() const { return signing_; }

  private:
    std::deque<crypto::KeyDirectory> directories_;  // stay where they are
    repo::Signing signing_;
};

tuf::Time read_clock();

/// Says how it ended: the page for people is written anew, or who must sign is shown.
void finish(repo::Repository& repository, const repo::CommitResult& result);
void print_missing(const std::vector<repo::Missing>& missing);

/// "180d". Throws UsageError.
std::chrono::days parse_days(std::string_view text);
/// A number from 1 on. Throws UsageError.
std::uint64_t parse_count(std::string_view text, std::string_view option);

// rotate, delegate, sign; and mirror.
void add_repo_signers_commands(term::Command& group);
void add_repo_mirror_command(term::Command& group);

}  // namespace cairn::host
