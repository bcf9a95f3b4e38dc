#include <signal.h>

#include <atomic>

#include "cli/host/host.h"
#include "cli/host/sources_command.h"
#include "cli/host/version.h"
#include "cli/term/command.h"

namespace {

std::atomic<bool> stop_requested = false;

/// The first Ctrl-C ends builds in order; a second one ends the program at once.
void on_signal(int number) {
    if (stop_requested.exchange(true)) {
        ::signal(number, SIG_DFL);
        ::raise(number);
    }
}

void install_signal_handlers() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
    using namespace cairn;
    install_signal_handlers();
    return term::run_main([&] {
        host::Host host(stop_requested);
        term::CommandTree tree("cairn", "Turns recipes into a signed, bootable, updatable operating system.",
                               host::version);
        host::add_build_image_command(tree.root(), host);
        host::add_build_command(tree.root(), host);
        host::add_explain_command(tree.root(), host);
        host::add_shell_command(tree.root(), host);
        host::add_run_command(tree.root(), host);
        host::add_sources_command(tree.root(), host);
        host::add_keys_command(tree.root(), host);
        host::add_package_command(tree.root(), host);
        host::add_repo_command(tree.root(), host);
        host::add_clean_command(tree.root(), host);
        host::add_doctor_command(tree.root(), host);
        host::add_test_command(tree.root(), host);
        host::add_bench_command(tree.root(), host);
        host::add_completion_command(tree.root(), tree, host);
        return tree.run(std::vector<std::string>(argv + 1, argv + argc));
    });
}
