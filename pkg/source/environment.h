#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "pkg/net/transport.h"
#include "pkg/source/debian_archive.h"

namespace cairn::source {

/// One download under way.
struct DownloadProgress {
    enum class State { started, running, finished, failed };
    std::string file;  // file name, for people
    State state = State::running;
    std::uint64_t done = 0;
    std::optional<std::uint64_t> size;
};

/// What sources are fetched with: the cache, the network, and whom to tell. Shared by the threads of a run;
/// it must outlive everything that is given it.
struct Environment {
    std::filesystem::path cache;  // $CAIRN_CACHE: holds sources/, trees/ and more, see README.md
    net::Transport& transport;
    DebianArchive archive = DebianArchive::of_host();
    std::optional<std::string> mirror =
        {};                     // CAIRN_SOURCE_MIRROR: directory or address of files named by sha256
    bool is_offline = false;    // the network must not be used
    bool follows_pins = false;  // CAIRN_FOLLOW_PINS=1: see moved_pin.h
    std::filesystem::path debian_keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    unsigned parallel_downloads = 4;

    const std::atomic<bool>* stop = nullptr;  // borrowed; once true, downloads end and the run with them

    /// Called with `telling` held: one at a time, from any thread.
    std::function<void(const DownloadProgress&)> on_progress = {};
    /// A line that people should see ("source of 'zlib' is damaged in the cache and fetched again").
    std::function<void(const std::string&)> on_note = {};
    std::mutex telling = {};

    void tell(const DownloadProgress& progress);
    void note(const std::string& line);
    /// Throws CommandError with status 130 once `stop` is true.
    void require_going_on() const;
};

/// Reads CAIRN_SOURCE_MIRROR and CAIRN_FOLLOW_PINS into `environment`.
void read_settings_of_process(Environment& environment);

}  // namespace cairn::source
