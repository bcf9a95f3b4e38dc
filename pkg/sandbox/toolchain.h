#pragma once

#include <filesystem>
#include <string>

/// The files that make clang a compiler for one target inside a sandbox.
namespace cairn::sandbox {

/// Where the directory is seen inside; its files name each other by this path.
inline constexpr std::string_view toolchain_place = "/toolchain";

/// What a build makes: programs for the new system, against the sysroot of built recipes, or programs that
/// run on this machine, against its own C library and what other host recipes made.
enum class BuildFor { target, host };

/// Writes into `directory` (made if missing), to be mounted read-only at toolchain_place:
/// `bin/<triple>-cc` and `bin/<triple>-c++` (compilers that need no flags), `target.cfg` (what they pass to
/// clang), `cmake.cmake` (CMake's toolchain file) and `meson.cross` (meson's cross file). The triple starts
/// with the architecture: "aarch64-unknown-linux-musl".
void make_toolchain_directory(const std::filesystem::path& directory, const std::string& triple,
                              BuildFor build_for);

}  // namespace cairn::sandbox
