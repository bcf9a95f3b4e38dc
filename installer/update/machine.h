#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "images/layout/guid.h"
#include "images/layout/partitions.h"
#include "installer/slots/boot_files.h"
#include "installer/update/area.h"
#include "pkg/base/fd.h"
#include "pkg/crypto/hash.h"

/// The disk that the system runs from, as far as an update looks at it and changes it: the power behind all
/// of this folder's steps. `DiskMachine` is the real one; tests have one of files.
namespace cairn::update {

enum class Access { read_only, read_write };

/// A slot's two partitions. Owns the descriptors that `slot` borrows.
struct OpenSlot {
    Fd root_file;
    Fd verity_file;
    Slot slot;
};

/// The EFI system partition, for as long as this lives.
class Esp {
  public:
    virtual ~Esp() = default;
    virtual slots::BootFiles& boot_files() = 0;
    /// The folder that is its top.
    virtual const std::filesystem::path& top() const = 0;
    virtual std::uint64_t free_bytes() const = 0;
    /// Whether what was written has reached the disk is for BootFiles to see to; this says whether the file
    /// system could be let go of. Throws SystemError.
    virtual void close() = 0;
};

/// A root whose every block is checked when it is read.
class VerifiedRoot {
  public:
    virtual ~VerifiedRoot() = default;
    /// Its top, for as long as this lives. Nothing there can be executed.
    virtual const std::filesystem::path& top() const = 0;
    /// Fills `into` from a file of the root. Throws when the file does not go that far, or does not verify.
    virtual void read(std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) = 0;
};

class Machine {
  public:
    virtual ~Machine() = default;
    /// Only one at a time: a second caller waits. To be written, the file system is checked and repaired
    /// first.
    virtual std::unique_ptr<Esp> open_esp(Access access) = 0;
    /// For writing only the slot that does not run; throws when something else uses it.
    virtual OpenSlot open_slot(layout::Slot slot, Access access) = 0;
    /// Throws when the slot does not hold this root.
    virtual std::unique_ptr<VerifiedRoot> open_root(layout::Slot slot, const crypto::Hash& root_hash) = 0;
    /// Of the partition table as it is now.
    virtual layout::Guid read_disk_id() = 0;
    /// Asks for a restart in good order, and returns. The reason is said on the consoles.
    virtual void restart(const std::string& reason) = 0;
};

}  // namespace cairn::update
