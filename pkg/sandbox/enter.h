#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pkg/sandbox/root_plan.h"

/// The inner side of a sandbox: what the new process does between clone and exec.
///
/// Process 1 of the new pid namespace sets everything up, starts the command as its child, reaps, and exits
/// with the command's status; the kernel then ends whatever the command left behind. It talks with the outer
/// side over a socket of whole messages: it asks for its identity once (`Message::identity_wanted`), and
/// reports the step that failed (`Message::failed`); the end of the stream, caused by the command's exec,
/// means that the command runs.
namespace cairn::sandbox {

/// The stages of the set-up. Their order differs a little between root and ordinary users.
enum class Stage : std::int32_t {
    session,         // own session, no inherited descriptors
    private_mounts,  // nothing mounted from here on is seen outside
    base,            // a temporary file system with places for the old and the new root
    steps,           // the steps of the plan
    root,            // the new root becomes the root, the old one goes
    network,         // the loopback interface
    names,           // host name
    user_namespace,
    identity,  // user and group inside
    rights,    // capabilities are dropped, for good
    limits,
    streams,
    filter,     // system calls
    directory,  // where the command starts
    command,    // its exec
};

struct Message {
    enum class Kind : std::int32_t { identity_wanted, failed };
    Kind kind;
    Stage stage;
    std::int32_t step;   // of the plan, for Stage::steps
    std::int32_t error;  // errno
};

/// Everything the inner side needs, made before the clone: it must not allocate.
struct Entry {
    const std::vector<Step>& steps;
    std::vector<std::string> programs;  // paths tried in order for the command
    std::vector<char*> arguments;       // ends with nullptr
    std::vector<char*> environment;     // ends with nullptr
    std::string directory;
    std::vector<int> inherited;  // descriptors that the command keeps
    std::vector<int> open;       // all descriptors used here, sorted; every other one is closed
    int input = -1;              // become 0, 1 and 2; -1: the caller's stay
    int output = -1;
    int identity_map = -1;  // user namespace whose map mounted sources get; -1: none
    int channel = -1;       // the inner end of the socket
    unsigned processes = 0;
    bool is_privileged = false;  // see HostUser: the user namespace comes after the mounts
    bool has_terminal = false;
    std::span<const struct sock_filter> filter;
};

/// Runs as process 1 of new namespaces, right after clone; never returns.
[[noreturn]] void enter_sandbox(const Entry& entry);

}  // namespace cairn::sandbox
