#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/build/job_budget.h"
#include "pkg/recipe/recipe.h"
#include "pkg/sandbox/host_packages.h"
#include "pkg/sandbox/sandbox.h"
#include "pkg/source/environment.h"
#include "pkg/store/store.h"

namespace cairn::build {

/// Told how builds go, from several threads at once.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on_start(const std::string& recipe, std::optional<std::chrono::milliseconds> earlier) = 0;
    virtual void on_progress(const std::string& recipe, const std::string& text) = 0;
    /// `built` is false when the store had the output already.
    virtual void on_finish(const std::string& recipe, bool built, std::chrono::milliseconds duration) = 0;
    virtual void on_failure(const std::string& recipe) = 0;
};

/// What the image gives to recipes that ask for it.
struct Parameters {
    std::vector<std::string> driver_groups;    // sorted; for the kernel
    std::filesystem::path module_certificate;  // public certificate that signs the kernel's modules, PEM
};

/// What every build of a run shares. Everything is borrowed.
struct BuildContext {
    std::filesystem::path recipes;  // the directory of recipes
    std::filesystem::path steps;    // pkg/build/steps.sh
    recipe::Architecture architecture;
    Parameters parameters;
    store::Store& store;
    source::Environment& sources;
    sandbox::HostPackages& packages;
    JobBudget& budget;
    Observer& observer;
    const std::atomic<bool>& stop;
    sandbox::Limits limits = {};  // of each build
};

}  // namespace cairn::build
