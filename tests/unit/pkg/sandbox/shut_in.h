#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/files.h"
#include "pkg/sandbox/sandbox.h"
#include "tests/support/run_by.h"

/// A real sandbox for tests, run by root and by an ordinary user.
namespace cairn::sandbox {

using support::RunBy;

/// What came of one run. `error` is the report of an Error that was thrown instead.
struct Outcome {
    SandboxResult result;
    std::string log;
    std::string error;
};

class ShutIn : public support::RunByTest {
  protected:
    void SetUp() override;

    /// A spec that runs `script` with the shell.
    SandboxSpec spec_for(const std::string& script) const;
    Outcome run(const SandboxSpec& spec) const;
    Outcome run(const std::string& script) const { return run(spec_for(script)); }

    std::filesystem::path build() const { return folder() / "build"; }
    /// A file of the build directory, empty when it is not there.
    std::string read_build(const std::string& name) const;
};

/// What a test says when a run did not end with `status` 0.
std::string explain(const Outcome& outcome);

}  // namespace cairn::sandbox
