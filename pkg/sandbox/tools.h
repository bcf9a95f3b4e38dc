#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The commands a sandbox offers: the base set, the compiler, and what a recipe declares by command name.
namespace cairn::sandbox {

/// The LLVM release that builds everything; part of the names of its programs and packages.
inline constexpr std::string_view llvm_version = "19";

/// The commands that every sandbox has, without those of LLVM.
std::span<const std::string_view> base_tools();

/// One name in the sandbox's /usr/bin: a symbolic link with content `link`, or, when that is empty, the file
/// `host`.
struct ToolEntry {
    std::string name;
    std::string link;
    std::filesystem::path host;

    bool operator==(const ToolEntry&) const = default;
};

/// What is searched for tools, in order. A tool found in sbin is offered in /usr/bin all the same.
struct ToolFolders {
    std::filesystem::path root = "/";  // for tests: another root to look below
};

/// Those of `tools` (and of the base set and the compiler) that this machine does not have, sorted.
std::vector<std::string> find_missing_tools(std::span<const std::string> tools,
                                            const ToolFolders& folders = {});

/// Every entry of /usr/bin, sorted by name: base set, compiler, `tools`, and what their links lead through.
/// Throws UsageError that names all missing tools.
std::vector<ToolEntry> plan_tools(std::span<const std::string> tools, const ToolFolders& folders = {});

/// Every path that a command's name leads through, from /usr/bin/NAME over its links to the file; empty when
/// missing.
std::vector<std::filesystem::path> find_tool_chain(std::string_view tool, const ToolFolders& folders = {});

}  // namespace cairn::sandbox
