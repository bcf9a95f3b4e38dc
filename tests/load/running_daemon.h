#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "installer/api/request.h"
#include "installer/helper/server.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/crypto/tls_identity.h"

namespace cairn::load {

/// Who may use the API over TLS.
struct Client {
    std::string name;
    std::string role;
    const crypto::TlsIdentity& identity;
};

/// The real `cairnd`, in its cage where the kernel has Landlock, over a made-up root with the settings of
/// this repository; the helper behind it is the real socket with made-up answers. Whoever runs it is admin on
/// the socket. Serves from construction to destruction, over TLS too.
class RunningDaemon {
  public:
    /// Throws Error when it does not come up.
    RunningDaemon(const std::filesystem::path& program, const std::vector<Client>& clients);
    ~RunningDaemon();

    std::filesystem::path socket() const { return root() / "run/cairn/daemon/api.sock"; }
    std::uint16_t tls_port() const { return tls_port_; }
    bool is_alive() { return !daemon_->wait_for(std::chrono::milliseconds(0)); }
    /// "VmRSS", "VmHWM": of its memory, in kilobytes.
    long read_kilobytes(std::string_view field) const;
    /// What it said.
    std::string log() const { return find_file(place_.path() / "log").value_or(""); }

  private:
    std::filesystem::path root() const { return place_.path() / "root"; }
    void make_root() const;
    void start_helper();
    void start_daemon(const std::filesystem::path& program);
    void switch_tls_on(const std::vector<Client>& clients);

    TemporaryDirectory place_;
    Fd stop_helper_;
    std::optional<helper::Server> helper_;
    std::thread helper_thread_;
    std::optional<Child> daemon_;
    std::uint16_t tls_port_ = 0;
};

}  // namespace cairn::load
