#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/json.h"

/// The boot record, /var/lib/cairn/boots: one line for each thing worth knowing about a boot, oldest first.
/// `init` writes that it tries and, if it comes to that, why it failed; who decides that a boot is good adds
/// that (and first that it came far enough to be asked), and who puts a version on trial or judges one says
/// so too. It tells after the fact what happened to a version that did not come up. See FORMAT.md.
namespace cairn::slots {

enum class BootEventKind {
    attempt,   // a boot has begun
    failure,   // it did not get far, or a health check failed
    reached,   // it came as far as the device API, whatever its health: it is not lost
    good,      // it was found good
    trial,     // this version is about to be put on trial: attempts from here on are its tries
    fallback,  // an older version came up instead and has judged the trial
};

struct BootEvent {
    std::string boot;       // the kernel's random id of this boot
    std::int64_t time = 0;  // seconds since 1970 by the machine's clock, which may be wrong this early
    BootEventKind kind = BootEventKind::attempt;
    std::string root_hash = {};
    std::string slot = {};
    std::string boot_file = {};  // as the loader named it; may be unknown
    std::string message = {};    // why, for a failure
    friend bool operator==(const BootEvent&, const BootEvent&) = default;
};

/// As in FORMAT.md.
Json to_json(const BootEvent& event);

/// Adds one line and syncs it. A line that a power cut left unfinished is closed first. The record stays
/// below 256 KiB: when it would grow beyond, the older three quarters go.
void append_boot_event(const std::filesystem::path& record, const BootEvent& event);

/// All lines that can be read; those torn by a power cut are skipped. No file: none.
std::vector<BootEvent> read_boot_record(const std::filesystem::path& record);

}  // namespace cairn::slots
