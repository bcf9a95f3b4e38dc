#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/host/host.h"
#include "cli/host/resources.h"
#include "cli/term/progress.h"
#include "pkg/build/context.h"
#include "pkg/build/scheduler.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/net/curl_transport.h"
#include "pkg/source/environment.h"

namespace cairn::host {

/// Options that every building command has.
struct BuildOptions {
    std::string architecture;  // empty: this machine's
    std::uint64_t jobs = 0;    // 0: as many as processors
    bool is_offline = false;
    bool keep_going = false;
    bool is_quiet = false;
    std::filesystem::path store;  // empty: the usual one. Sources always come from the usual one
};
void add_build_options(term::Command& command, BuildOptions& options);

/// One step of a finished job, for the table at its end.
struct Step {
    std::string name;
    std::chrono::milliseconds duration{0};
    std::uint64_t size = 0;
    bool was_done = true;  // false: there already
};

/// Everything a building command works with, opened once: store, sources, job budget, keys, progress.
class Session : public build::Observer {
  public:
    Session(Host& host, const BuildOptions& options);
    ~Session() override;

    Host& host() { return host_; }
    store::Store& store() { return store_; }
    crypto::KeyDirectory& keys() { return keys_; }
    term::Progress& progress() { return progress_; }

    /// What a build for this architecture shares; borrowed from the session.
    build::BuildContext make_context(recipe::Architecture architecture,
                                     const std::vector<std::string>& driver_groups);

    /// Builds the plan with progress and gives what it staged. Nothing to do: no lock is taken and nothing is
    /// said.
    std::map<std::string, build::StagedTree> build(const build::BuildPlan& plan,
                                                   build::BuildContext& context);

    void add_step(Step step);
    /// The steps that were done, longest first, then time, disk and memory of the whole run.
    void print_summary();
    /// True once something was built or made.
    bool did_something() const { return !steps_.empty(); }

    void on_start(const std::string& recipe, std::optional<std::chrono::milliseconds> earlier) override;
    void on_progress(const std::string& recipe, const std::string& text) override;
    void on_finish(const std::string& recipe, bool built, std::chrono::milliseconds duration) override;
    void on_failure(const std::string& recipe) override;

  private:
    Host& host_;
    BuildOptions options_;
    store::Store store_;
    net::CurlTransport transport_;
    source::Environment sources_;
    sandbox::HostPackages packages_;
    build::JobBudget budget_;
    crypto::KeyDirectory keys_;
    term::Progress progress_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    void on_download(const source::DownloadProgress& progress);

    std::mutex steps_mutex_;
    std::vector<Step> steps_;
    std::unique_ptr<ResourceMonitor> monitor_;
    unsigned downloads_ = 0;  // running now
    std::chrono::steady_clock::time_point downloads_since_;
    std::chrono::milliseconds download_time_{0};  // while at least one ran
};

}  // namespace cairn::host
