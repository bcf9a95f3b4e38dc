#include "tests/unit/pkg/sandbox/shut_in.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/json.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

Json run_here(const SandboxSpec& spec, const fs::path& cache) {
    const std::atomic<bool> stop = false;
    try {
        HostPackages packages(cache);
        const SandboxResult result = run_in_sandbox(spec, packages, stop);
        return Json{{"status", result.status},          {"reason", static_cast<int>(result.reason)},
                    {"disk", result.peak_disk},         {"cpu", result.cpu_time.count()},
                    {"wall", result.wall_time.count()}, {"resident", result.max_resident}};
    } catch (const Error& error) {
        return Json{{"error", error.report()}};
    }
}

}  // namespace

void ShutIn::SetUp() {
    RunByTest::SetUp();
    act([&] {
        make_directories(build());
        return std::string();
    });
}

SandboxSpec ShutIn::spec_for(const std::string& script) const {
    return {.arguments = {"bash", "-e", "-u", "-o", "pipefail", "-c", script},
            .environment = {"PATH=/toolchain/bin:/host/usr/bin:/usr/bin", "HOME=/build", "TMPDIR=/tmp",
                            "LC_ALL=C.UTF-8", "TZ=UTC"},
            .build_directory = build(),
            .log = folder() / "log"};
}

Outcome ShutIn::run(const SandboxSpec& spec) const {
    const Json json = Json::parse(act([&] { return run_here(spec, folder() / "packages.json").dump(); }));
    Outcome outcome;
    outcome.log = find_file(spec.log).value_or("");
    outcome.error = json.value("error", "");
    if (!outcome.error.empty()) return outcome;
    outcome.result = {.status = json.at("status"),
                      .reason = static_cast<EndReason>(json.at("reason").get<int>()),
                      .peak_disk = json.at("disk"),
                      .cpu_time = std::chrono::milliseconds(json.at("cpu").get<long>()),
                      .wall_time = std::chrono::milliseconds(json.at("wall").get<long>()),
                      .max_resident = json.at("resident")};
    return outcome;
}

std::string ShutIn::read_build(const std::string& name) const {
    return find_file(build() / name).value_or("");
}

std::string explain(const Outcome& outcome) {
    return std::format("status {}, {}, error: '{}', log:\n{}", outcome.result.status,
                       to_text(outcome.result.reason), outcome.error, outcome.log);
}

}  // namespace cairn::sandbox
