#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "installer/firstboot/directories.h"
#include "installer/settings/apply.h"

/// What must be there before any service starts: directories, identity, settings in `/etc`.
namespace cairn::firstboot {

/// Calls `work` with a folder where the ESP is mounted writable, and lets go of it afterwards, also when
/// `work` throws.
using WithEsp = std::function<void(const std::function<void(const std::filesystem::path& esp)>& work)>;

enum class Data {
    kept,  // the data partition is there
    lost,  // it is not: what is written is gone at the next boot, so nothing is read that is read only once
};

struct PrepareRequest {
    std::filesystem::path root = "/";
    std::optional<Owner> daemon;  // empty: everything belongs to who calls
    Data data = Data::kept;
    WithEsp with_esp;  // asked only while first-boot settings have to be looked for or removed
    std::int64_t now = 0;
};

struct PrepareReport {
    settings::ApplyResult applied;
    std::vector<std::string> lines;  // for the console and the log: what was unusual
};

/// Every step is tried, whatever became of the others: a machine that is half prepared is better than none.
PrepareReport prepare_device(const PrepareRequest& request);

}  // namespace cairn::firstboot
