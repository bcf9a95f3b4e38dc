#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "pkg/base/process.h"

/// Measuring, as ratios to a yardstick in the same run: what `cairn bench` is made of.
namespace cairn::host {

/// The middle time of several runs of a command: the first warms caches, and others are disturbed. `before`
/// runs ahead of each and is not counted.
std::chrono::milliseconds measure(const Command& command, const std::function<void()>& before = {});
std::chrono::milliseconds measure(const std::function<void()>& action,
                                  const std::function<void()>& before = {});
double ratio(std::chrono::milliseconds time, std::chrono::milliseconds yardstick);

/// Creating, verifying, installing and upgrading packages against tar, zstd and b2sum on the same tree, and
/// against pacman and dpkg where these are: 20,000 small files made for it, or a copy of `tree`. Works below
/// $TMPDIR.
void bench_packages(const std::filesystem::path& tree);

/// Publishing one package into a repository with 100,000 targets, and what a client reads of it.
void bench_repository();

}  // namespace cairn::host
