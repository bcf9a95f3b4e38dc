#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "initfs/init/root_disk.h"

namespace cairn::init {

/// What became of the data partition on this boot.
struct DataState {
    enum class Kind {
        mounted,
        made,   // first boot: there was none
        failed  // /var is memory: nothing is kept, and everything says so
    } kind = Kind::failed;
    std::string device = {};
    std::string error = {};     // only when failed
    layout::Guid disk_id = {};  // of the partition table that is in force now: making data gives it another

    bool is_usable() const { return kind != Kind::failed; }
};
/// "mounted", "made" or "failed", as /run/cairn/boot.json has it.
std::string_view to_text(DataState::Kind kind);

/// What is to be done with a data partition that is there.
enum class DataWish {
    keep,
    make_anew,  // an admin has asked for it: all that is on it goes
};

/// Mounts the data partition at `data_place`, after a check, and makes it when there is no partition 6. A
/// partition that is there is never formatted, unless that is the wish. Never throws: a machine without its
/// data still has to come up and say so. `say` announces what takes long.
DataState open_data(const RootDisk& disk, DataWish wish, const std::function<void(std::string_view)>& say);

}  // namespace cairn::init
