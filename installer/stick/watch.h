#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "installer/stick/choice.h"
#include "installer/stick/mounter.h"

namespace cairn::stick {

/// Keeps the repository of the first stick that has one mounted for as long as it is plugged in. Each place
/// is tried once, and each thing said once, for as long as a stick is there: pulling it and plugging it in
/// again begins anew. A second stick waits for the first to go.
class Watch {
  public:
    using Say = std::function<void(const std::string& line)>;  // for the log
    /// Nothing is mounted at the start. Borrows the mounter.
    Watch(Mounter& mounter, std::filesystem::path system_disk, Say say);

    /// To be called with all disks whenever there may be others than before.
    void look(std::span<const disks::DiskNode> disks);
    /// Lets go of the stick that is mounted.
    void end();

  private:
    using Told = std::set<std::pair<std::uint64_t, std::string>>;  // sequence, and name or line
    void forget(const Choice& choice);
    void try_place(const Place& place);
    void say_once(std::uint64_t sequence, const std::string& line);

    Mounter& mounter_;
    std::filesystem::path system_disk_;
    Say say_;
    std::optional<Place> mounted_;
    Told tried_;
    Told said_;
};

}  // namespace cairn::stick
