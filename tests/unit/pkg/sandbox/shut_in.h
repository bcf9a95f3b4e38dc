#pragma once

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "pkg/base/files.h"
#include "pkg/sandbox/sandbox.h"

/// A real sandbox for tests, run by root or by an ordinary user.
namespace cairn::sandbox {

enum class RunBy { root, ordinary_user };

/// What came of one run. `error` is the report of an Error that was thrown instead.
struct Outcome {
    SandboxResult result;
    std::string log;
    std::string error;
};

/// Each test runs twice. Started by root, the second run happens in a child that gives up its rights; started
/// by an ordinary user, the first is skipped.
class ShutIn : public testing::TestWithParam<RunBy> {
  protected:
    void SetUp() override;

    /// A spec that runs `script` with the shell.
    SandboxSpec spec_for(const std::string& script) const;
    Outcome run(const SandboxSpec& spec) const;
    Outcome run(const std::string& script) const { return run(spec_for(script)); }

    /// Carries out `work` as the user who runs the sandbox and gives its text back.
    std::string act(const std::function<std::string()>& work) const;

    /// Makes the calling process, a child of the test, the user who runs the sandbox.
    void become_runner() const;

    std::filesystem::path folder() const { return folder_.path(); }
    std::filesystem::path build() const { return folder_.path() / "build"; }
    /// A file of the build directory, empty when it is not there.
    std::string read_build(const std::string& name) const;

  private:
    TemporaryDirectory folder_{"/tmp", "cairn-sandbox-test"};
};

/// What a test says when a run did not end with `status` 0.
std::string explain(const Outcome& outcome);

}  // namespace cairn::sandbox

#define SHUT_IN_SUITE(Suite)                                                                           \
    INSTANTIATE_TEST_SUITE_P(                                                                          \
        By, Suite, testing::Values(cairn::sandbox::RunBy::root, cairn::sandbox::RunBy::ordinary_user), \
        [](const auto& info) {                                                                         \
            return info.param == cairn::sandbox::RunBy::root ? "Root" : "OrdinaryUser";                \
        })
