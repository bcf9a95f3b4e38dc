#include <signal.h>

#include "cli/device/device.h"

int main(int argc, char** argv) {
    using namespace cairn;
    ::signal(SIGPIPE, SIG_IGN);  // of a device that hangs up
    return term::run_main([&] {
        device::Device device;
        term::CommandTree tree("cairnctl", "Shows and changes a device: settings, updates, services, health.",
                               "cairnctl 0.1.0");
        tree.allow_options_anywhere();
        term::Command& root = tree.root();
        root.add_option("--host", device.host, "a device elsewhere that was paired: NAME or NAME:PORT");
        root.add_option("--socket", device.socket, "another socket than /run/cairn/api.sock",
                        term::Completion::file);
        device::add_status_command(root, device);
        device::add_update_command(root, device);
        device::add_settings_command(root, device);
        device::add_services_command(root, device);
        device::add_logs_command(root, device);
        device::add_health_command(root, device);
        device::add_events_command(root, device);
        device::add_os_command(root, device);
        device::add_sbom_command(root, device);
        device::add_reboot_command(root, device);
        device::add_reset_data_command(root, device);
        device::add_pair_command(root, device);
        device::add_ping_command(root, device);
        device::add_raw_command(root, device);
        device::add_completion_command(root, tree);
        return tree.run(std::vector<std::string>(argv + 1, argv + argc));
    });
}
