#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "pkg/sandbox/host_packages.h"
#include "pkg/sandbox/sandbox.h"

/// How the root of a sandbox is put together: a list of steps that the new process carries out with bare
/// system calls.
namespace cairn::sandbox {

/// While the steps run, the host's root is at `old_root` and the new one grows at `new_root`; both in a
/// temporary file system that is left behind when the new root becomes the root.
inline constexpr std::string_view old_root = "/old";
inline constexpr std::string_view new_root = "/new";

/// One step; `target` is below new_root, `source` of a bind below old_root.
struct Step {
    enum class Kind {
        directory,     // make it; there already is fine
        file,          // make it with content `source`
        link,          // with content `source`
        bind,          // mount the directory `source` with all below it
        bind_file,     // make an empty file and mount the file `source` on it
        source,        // mount the directory `source`, its caller's files being the build's own
        source_file,   // make an empty file and mount the file `source` on it in that way
        tmpfs,         // mount a new one with options `source`
        proc,          // mount the process table of the new namespace
        terminals,     // mount new pseudo-terminals
        seal,          // read-only, no set-user-id, no devices: for all mounts from here on
        seal_devices,  // read-only, no set-user-id: for this mount alone, which holds mounted devices
        tame,          // no set-user-id, no devices: for this mount alone, which stays writable
    };
    Kind kind;
    std::string target;
    std::string source = {};

    bool operator==(const Step&) const = default;
};

/// For messages: "mount '/usr/bin/make'".
std::string to_text(const Step& step);

/// Owner of what is writable, as the mounting process sees it.
struct Owner {
    uid_t user;
    gid_t group;
};

/// Reads the host's folders and changes nothing. Throws UsageError for a tool or package that is not there or
/// a mount that would lie in the sandbox's own folders.
std::vector<Step> plan_root(const SandboxSpec& spec, HostPackages& packages, Owner owner);

}  // namespace cairn::sandbox
