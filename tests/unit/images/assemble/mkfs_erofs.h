#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::assemble {

inline std::filesystem::path write_script(const std::filesystem::path& path, const std::string& commands) {
    write_file(path, "#!/bin/sh\n" + commands + "\n", 0755);
    return path;
}

/// Stands in for mkfs.erofs: the "file system" is the tar stream itself.
inline std::filesystem::path write_made_up_mkfs(const std::filesystem::path& path) {
    return write_script(path, "while [ $# -gt 1 ]; do shift; done; cat > \"$1\"");
}

/// The real one, when it can read tar streams: $CAIRN_MKFS_EROFS or the one in PATH. Debian 12's cannot.
inline std::optional<std::filesystem::path> find_mkfs_erofs() {
    if (const auto named = find_environment("CAIRN_MKFS_EROFS")) return *named;
    const auto found = find_program("mkfs.erofs");
    if (!found) return std::nullopt;
    const CommandResult help = run_command({.arguments = {found->string(), "--help"}});
    if ((help.output + help.error).find("--tar=") == std::string::npos) return std::nullopt;
    return found;
}

}  // namespace cairn::assemble
