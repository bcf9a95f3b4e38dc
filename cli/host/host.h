#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/term/command.h"
#include "pkg/recipe/recipe.h"

/// What the host command's subcommands share: where the repository is, and that Ctrl-C was pressed.
namespace cairn::host {

struct Host {
    explicit Host(const std::atomic<bool>& stop_requested) : stop(stop_requested) {}

    const std::atomic<bool>& stop;  // set by SIGINT, SIGTERM and SIGHUP

    /// The clone: recipes/, images/, kernel/. Looked for when it is first asked for: some commands work
    /// anywhere. Throws UsageError outside of one.
    const std::filesystem::path& repository() const;
    std::filesystem::path recipes() const { return repository() / "recipes"; }
    std::filesystem::path definitions() const { return repository() / "images" / "definitions"; }
    std::filesystem::path output() const { return repository() / "out"; }

  private:
    mutable std::filesystem::path repository_;
};

/// The repository: $CAIRN_ROOT (the `cairn` script sets it), else the nearest directory above the current one
/// that has recipes/ and images/. Throws UsageError.
std::filesystem::path find_repository();

/// `--arch` as people give it: empty is this machine, "all" both.
std::vector<recipe::Architecture> parse_architectures(const std::string& text);

// One function for each subcommand: adds it to the tree. Options live as long as the tree.
void add_build_image_command(term::Command& root, Host& host);
void add_build_command(term::Command& root, Host& host);
void add_explain_command(term::Command& root, Host& host);
void add_shell_command(term::Command& root, Host& host);
void add_run_command(term::Command& root, Host& host);
void add_clean_command(term::Command& root, Host& host);
void add_doctor_command(term::Command& root, Host& host);
void add_test_command(term::Command& root, Host& host);
void add_bench_command(term::Command& root, Host& host);
void add_keys_command(term::Command& root, Host& host);
void add_package_command(term::Command& root, Host& host);
void add_repo_command(term::Command& root, Host& host);
void add_completion_command(term::Command& root, term::CommandTree& tree, Host& host);

}  // namespace cairn::host
