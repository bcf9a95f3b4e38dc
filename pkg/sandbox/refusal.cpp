#include "pkg/sandbox/refusal.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <format>
#include <optional>
#include <utility>

#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

struct Switch {
    const char* name;     // as sysctl has it
    const char* file;     // below /proc/sys
    const char* refuses;  // the value that forbids user namespaces
    const char* allows;
};

constexpr auto switches =
    std::to_array<Switch>({{"kernel.unprivileged_userns_clone", "kernel/unprivileged_userns_clone", "0", "1"},
                           {"user.max_user_namespaces", "user/max_user_namespaces", "0", "15000"},
                           {"kernel.apparmor_restrict_unprivileged_userns",
                            "kernel/apparmor_restrict_unprivileged_userns", "1", "0"}});

std::string describe(const Message& failure, const Entry& entry) {
    switch (failure.stage) {
        case Stage::session:
            return "start a session";
        case Stage::private_mounts:
            return "make mounts private";
        case Stage::base:
            return "mount a temporary file system";
        case Stage::steps:
            return to_text(entry.steps.at(static_cast<std::size_t>(failure.step)));
        case Stage::root:
            return "change the root";
        case Stage::network:
            return "raise the loopback interface";
        case Stage::names:
            return "set the host name";
        case Stage::user_namespace:
            return "enter a user namespace";
        case Stage::identity:
            return "become user 1000";
        case Stage::rights:
            return "drop rights";
        case Stage::limits:
            return "set limits";
        case Stage::streams:
            return "set input and output";
        case Stage::filter:
            return "filter system calls";
        case Stage::directory:
            return std::format("change to directory '{}'", entry.directory);
        case Stage::command:
            return std::format("run '{}'", entry.arguments.front());
    }
    std::unreachable();
}

// Steps that fail only because this machine does not let an ordinary process do them.
bool is_refusal(const Message& failure) {
    return (failure.error == EPERM || failure.error == EACCES) && failure.stage < Stage::limits;
}

}  // namespace

std::string explain_refusal(const fs::path& settings) {
    for (const Switch& known : switches) {
        const std::optional<std::string> value = find_file(settings / known.file);
        if (value && trim(*value) == known.refuses)
            return std::format("this machine forbids user namespaces; allow them: sudo sysctl -w {}={}",
                               known.name, known.allows);
    }
    return "user namespaces or mounts are forbidden here, as in many containers: run on the machine itself, "
           "or start "
           "the container with them allowed (docker run --privileged)";
}

Error make_setup_error(const Message& failure, const Entry& entry) {
    const std::string step = describe(failure, entry);
    if (failure.stage == Stage::command && failure.error == ENOENT)
        return Error(std::format("cannot {} in the sandbox: there is no such program inside", step))
            .hint("programs beyond the base set are declared in 'tools' of the recipe");
    Error error(std::format("cannot set up the sandbox: cannot {}: {}", step, std::strerror(failure.error)));
    if (is_refusal(failure)) error.hint(explain_refusal());
    return error;
}

Error make_clone_error(int error_number) {
    Error error(
        std::format("cannot set up the sandbox: cannot make namespaces: {}", std::strerror(error_number)));
    if (error_number == EPERM || error_number == ENOSPC || error_number == EUSERS || error_number == EINVAL)
        error.hint(explain_refusal());
    return error;
}

}  // namespace cairn::sandbox
