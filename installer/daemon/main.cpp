#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <format>
#include <print>
#include <string>
#include <vector>

#include "cli/term/command.h"
#include "cli/term/exit_code.h"
#include "installer/daemon/cage.h"
#include "installer/daemon/daemon.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace {

using namespace cairn;

constexpr daemon::CagePlan::Identity cairn_user = {.user = 200, .group = 200};  // images/users.toml
constexpr timespec second = {.tv_sec = 1, .tv_nsec = 0};

/// Blocked in every thread: the main one waits for them.
sigset_t block_ending_signals() {
    signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

struct Arguments {
    std::string root = "/";
    std::string socket;
    std::string helper;
    std::string groups;
    bool has_no_cage = false;
};

daemon::GroupRoles parse_groups(const std::string& text) {
    std::array<gid_t, 3> ids = {};
    const std::vector<std::string> words = split(text, ',');
    if (words.size() != ids.size()) throw UsageError(std::format("'{}' is not three groups", text));
    for (std::size_t index = 0; index < ids.size(); ++index) {
        const std::string& word = words[index];
        if (std::from_chars(word.data(), word.data() + word.size(), ids[index]).ptr !=
            word.data() + word.size())
            throw UsageError(std::format("'{}' is no number of a group", word));
    }
    return {.admin = ids[0], .operator_ = ids[1], .reader = ids[2]};
}

int serve(const Arguments& arguments) {
    daemon::DaemonOptions options;
    options.root = arguments.root;
    if (!arguments.socket.empty()) options.socket = arguments.socket;
    if (!arguments.helper.empty()) options.helper = arguments.helper;

    if (!arguments.groups.empty()) options.groups = parse_groups(arguments.groups);

    const sigset_t signals = block_ending_signals();
    const bool is_root = geteuid() == 0;
    const daemon::CagePlan plan =
        daemon::plan_cage(options, is_root ? std::optional(cairn_user) : std::nullopt);
    if (!arguments.has_no_cage) daemon::enter_cage(plan);
    umask(0077);

    daemon::Daemon running(options);
    std::println(stderr, "serving on '{}'", options.socket.string());
    while (sigtimedwait(&signals, nullptr, &second) < 0) running.tick();
    std::println(stderr, "ending");
    return term::success;
}

}  // namespace

/// The device API daemon. Started by root it becomes the user `cairn`; it serves until SIGTERM.
int main(int count, char** words) {
    return term::run_main([&] {
        Arguments arguments;
        term::CommandTree tree("cairnd", "Serves the device API", "1");
        tree.root()
            .add_option("--root", arguments.root, "directory that stands for the system's root",
                        term::Completion::directory)
            .add_option("--socket", arguments.socket, "where to listen", term::Completion::file)
            .add_option("--helper", arguments.helper, "the helper's socket", term::Completion::file)
            .add_option("--groups", arguments.groups,
                        "numbers of the groups of admins, operators and readers")
            .add_flag("--no-cage", arguments.has_no_cage, "stay who it is and keep all rights: for tests")
            .set_example("cairnd")
            .set_action([&] { return serve(arguments); });
        return tree.run(std::vector<std::string>(words + 1, words + count));
    });
}
