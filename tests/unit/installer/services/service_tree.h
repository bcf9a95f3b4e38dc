#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "installer/services/supervisor.h"
#include "pkg/base/files.h"

namespace cairn::services {

/// The 20 bytes that runsv writes, see installer/services/supervisor.cpp.
inline std::string make_supervisor_status(const SupervisorStatus& status) {
    std::string bytes(20, '\0');
    const std::uint64_t seconds = static_cast<std::uint64_t>(status.since) + 0x400000000000000aULL;
    for (int index = 0; index < 8; ++index) bytes[index] = static_cast<char>(seconds >> (56 - 8 * index));
    for (int index = 0; index < 4; ++index) bytes[12 + index] = static_cast<char>(status.pid >> (8 * index));
    bytes[17] = status.is_wanted ? 'u' : 'd';
    bytes[19] = static_cast<char>(status.process);
    return bytes;
}

/// A made-up root of a running machine with services in it.
class ServiceTree {
  public:
    using Process = SupervisorStatus::Process;

    const std::filesystem::path& root() const { return root_.path(); }
    std::filesystem::path folder(const std::string& name) const { return root() / "run/service" / name; }
    void write(const std::filesystem::path& path, std::string_view text) const {
        make_directories((root() / path).parent_path());
        write_file(root() / path, text);
    }
    void add(const std::string& name, const SupervisorStatus& status) const {
        write(folder(name) / "supervise/status", make_supervisor_status(status));
    }
    void add_running(const std::string& name) const {
        add(name, {.process = Process::running, .is_wanted = true, .pid = 7, .since = 1'790'000'000});
    }

  private:
    TemporaryDirectory root_;
};

}  // namespace cairn::services
