#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "cli/host/host.h"
#include "images/layout/architecture.h"
#include "pkg/base/process.h"

/// Measuring, as ratios to a yardstick in the same run: what `cairn bench` is made of.
namespace cairn::host {

/// The middle time of several runs of a command: the first warms caches, and others are disturbed. `before`
/// runs ahead of each and is not counted.
std::chrono::milliseconds measure(const Command& command, const std::function<void()>& before = {});
std::chrono::milliseconds measure(const std::function<void()>& action,
                                  const std::function<void()>& before = {});
double ratio(std::chrono::milliseconds time, std::chrono::milliseconds yardstick);

/// How many bytes `zstd -19 --long` makes of a file.
std::uint64_t packed_size(const std::filesystem::path& file);

/// Creating, verifying, installing and upgrading packages against tar, zstd and b2sum on the same tree, and
/// against pacman and dpkg where these are: 20,000 small files made for it, or a copy of `tree`. Works below
/// $TMPDIR.
void bench_packages(const std::filesystem::path& tree);

/// Publishing one package into a repository with 100,000 targets, and what a client reads of it.
void bench_repository();

/// What devices fetch of small updates of an image, and how long they take to write them, by the code that
/// devices run, over HTTP: against fetching everything, and against plain writes. Builds the image, and
/// versions of it in which one file is changed. Works below $TMPDIR.
void bench_updates(const Host& host, const std::string& image, const std::string& architecture);

/// The first and the second boot of an image in QEMU, until its API answers another machine, against the
/// time until its kernel starts `init`; and the memory of `init` and `cairnd`.
void bench_device(const std::filesystem::path& image_folder, layout::Architecture architecture);

}  // namespace cairn::host
