#pragma once

#include <fcntl.h>

#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <string>

#include "installer/update/machine.h"
#include "installer/update/slot_check.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::update {

/// A machine of files: `esp`, a folder; `a.root`, `a.verity`, `b.root`, `b.verity`. Which files a root has is
/// told by root hash: their places in it.
class FileMachine final : public Machine {
  public:
    struct Range {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
    };
    using RootFiles = std::map<std::string, Range, std::less<>>;

    FileMachine(std::filesystem::path folder, layout::Slot running)
        : folder_(std::move(folder)), running_(running) {}

    std::filesystem::path boot_folder() const { return folder_ / "esp/EFI/Linux"; }
    std::filesystem::path file_of(layout::Slot slot, std::string_view part) const {
        return folder_ / std::format("{}.{}", layout::to_text(slot), part);
    }
    void know(const crypto::Hash& root, RootFiles files) { roots_[root] = std::move(files); }
    /// What a root with this hash has as files that are looked at by path; whoever wants some makes it.
    std::filesystem::path top_of(const crypto::Hash& root) const { return folder_ / root.to_hex(); }

    std::unique_ptr<Esp> open_esp(Access) override {
        CHECK(!is_esp_open_);  // a real one would wait for ever: this is one thread
        return std::make_unique<FolderEsp>(*this);
    }
    OpenSlot open_slot(layout::Slot slot, Access access) override {
        CHECK(access == Access::read_only || slot != running_);
        const int flags = access == Access::read_only ? O_RDONLY : O_RDWR;
        OpenSlot open = {.root_file = open_file(file_of(slot, "root"), flags),
                         .verity_file = open_file(file_of(slot, "verity"), flags)};
        open.slot = {.root = make_area(open.root_file, file_of(slot, "root")),
                     .verity = make_area(open.verity_file, file_of(slot, "verity"))};
        return open;
    }
    std::unique_ptr<VerifiedRoot> open_root(layout::Slot slot, const crypto::Hash& root_hash) override {
        OpenSlot open = open_slot(slot, Access::read_only);
        if (!find_source(open.slot, root_hash)) throw Error("the slot does not hold this root");
        return std::make_unique<MappedRoot>(std::move(open), roots_.at(root_hash), top_of(root_hash));
    }
    layout::Guid read_disk_id() override { return disk_id; }
    void restart(const std::string&) override { ++restarts; }

    layout::Guid disk_id = {.bytes = {1, 2, 3}};

    int restarts = 0;
    std::uint64_t esp_free = std::uint64_t{1} << 30;

  private:
    class FolderEsp final : public Esp {
      public:
        explicit FolderEsp(FileMachine& machine)
            : machine_(machine), top_(machine.folder_ / "esp"), files_(Dir::open(machine.boot_folder())) {
            machine_.is_esp_open_ = true;
        }
        ~FolderEsp() override { machine_.is_esp_open_ = false; }
        slots::BootFiles& boot_files() override { return files_; }
        const std::filesystem::path& top() const override { return top_; }
        std::uint64_t free_bytes() const override { return machine_.esp_free; }
        void close() override {}

      private:
        FileMachine& machine_;
        std::filesystem::path top_;
        slots::BootFiles files_;
    };
    class MappedRoot final : public VerifiedRoot {
      public:
        MappedRoot(OpenSlot slot, RootFiles files, std::filesystem::path top)
            : slot_(std::move(slot)), files_(std::move(files)), top_(std::move(top)) {}
        const std::filesystem::path& top() const override { return top_; }
        void read(std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) override {
            const auto place = files_.find(file);
            if (place == files_.end() || offset + into.size() > place->second.size)
                throw Error(std::format("'{}' has not that much", file));
            read_exactly_at(slot_.root_file.get(), into, place->second.offset + offset, std::string(file));
        }

      private:
        OpenSlot slot_;
        RootFiles files_;
        std::filesystem::path top_;
    };
    static Area make_area(const Fd& file, const std::filesystem::path& path) {
        return {.fd = file.get(), .size = file_size(file.get(), path), .name = path};
    }

    std::filesystem::path folder_;
    layout::Slot running_;
    bool is_esp_open_ = false;
    std::map<crypto::Hash, RootFiles> roots_;
};

}  // namespace cairn::update
