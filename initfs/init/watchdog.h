#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "pkg/base/fd.h"

namespace cairn::init {

/// The machine's watchdog, armed: if nobody feeds it for a minute, the machine resets. Destroyed, it stays
/// armed: it is closed without the letter that disarms, and a service takes over feeding.
class Watchdog {
  public:
    /// Nothing is armed; feeding does nothing.
    Watchdog() = default;
    /// Arms the first hardware watchdog, else the kernel's software one. Empty when there is none.
    static std::optional<Watchdog> find(const std::filesystem::path& sys = "/sys",
                                        const std::filesystem::path& dev = "/dev");

    bool is_armed() const { return fd_.is_open(); }
    /// What the driver calls itself.
    const std::string& identity() const { return identity_; }
    /// Its device node, for whoever feeds it next.
    const std::string& node() const { return node_; }
    void feed() const;
    /// For a step that may take long; hardware that cannot wait as long keeps its time. Feeds it too.
    void allow(std::chrono::seconds time) const;

    static constexpr std::chrono::seconds usual_time{60};

  private:
    Fd fd_;
    std::string node_;
    std::string identity_;
};

}  // namespace cairn::init
