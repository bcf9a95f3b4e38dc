#include "tests/system/update_judge.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <format>
#include <ranges>

#include "images/emulator/disk_copy.h"
#include "images/layout/paths.h"
#include "images/layout/verity_format.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::system_test {

namespace {

namespace fs = std::filesystem;
using layout::Part;
using layout::Slot;
using slots::LoaderEntry;
using support::FatFile;
using support::FatVolume;

constexpr std::string_view image_name = "device";
constexpr std::size_t piece_size = 1 << 20;
constexpr std::array both_slots = {Slot::a, Slot::b};

std::size_t index_of(Slot slot) {
    return slot == Slot::a ? 0 : 1;
}

/// EFI/Linux/<file> -> <file>; empty for files elsewhere.
std::string find_listed_name(const FatFile& file) {
    const std::string folder = std::string(layout::paths::esp_boot_files) + "/";
    if (!file.path.starts_with(folder)) return {};
    return file.path.substr(folder.size());
}

/// Whether a partition begins with a file's bytes.
bool begins_with(const fs::path& disk, std::uint64_t offset, const fs::path& file) {
    const Fd one = open_file(disk, O_RDONLY);
    const Fd other = open_file(file, O_RDONLY);
    const std::uint64_t size = file_size(other.get(), file.string());
    std::vector<std::uint8_t> held(piece_size);
    std::vector<std::uint8_t> wanted(piece_size);
    for (std::uint64_t at = 0; at < size; at += piece_size) {
        const std::size_t length = std::min<std::uint64_t>(piece_size, size - at);
        read_exactly_at(one.get(), std::span(held).first(length), offset + at, disk.string());
        read_exactly_at(other.get(), std::span(wanted).first(length), at, file.string());
        if (!std::ranges::equal(std::span(held).first(length), std::span(wanted).first(length))) return false;
    }
    return true;
}

/// A part of a disk as a file of its own, holes left out.
void copy_part(const fs::path& disk, std::uint64_t offset, std::uint64_t size, const fs::path& to) {
    const Fd from = open_file(disk, O_RDONLY);
    const Fd copy = open_file(to, O_RDWR | O_CREAT | O_TRUNC);
    fs::resize_file(to, size);
    std::vector<std::uint8_t> piece(piece_size);
    for (std::uint64_t at = 0; at < size; at += piece_size) {
        const off_t data = lseek(from.get(), static_cast<off_t>(offset + at), SEEK_DATA);
        if (data < 0 || static_cast<std::uint64_t>(data) >= offset + at + piece_size) continue;
        const std::size_t length = std::min<std::uint64_t>(piece_size, size - at);
        read_exactly_at(from.get(), std::span(piece).first(length), offset + at, disk.string());
        write_all_at(copy.get(), std::span(piece).first(length), at, to.string());
    }
}

bool is_known_good(const std::vector<LoaderEntry>& entries, const LoaderEntry& entry) {
    return !entry.counter && entry.is_whole && std::ranges::none_of(entries, [&](const LoaderEntry& other) {
        return other.version == entry.version && other.counter;
    });
}

}  // namespace

std::string DiskLook::key() const {
    return std::format("{} {} {} {} {}", listing, file_system.to_hex(), has_equal_tables, idle_slot, filled);
}

UpdateJudge::UpdateJudge(const RecordedUpdate& update) : update_(update), directory_({}, "cairn-judge") {
    fs::rename(update_.make_folder(0).disk(), disk_);
    look_at_slots();
    look_at_esp();
}

bool UpdateJudge::step(Fate fate) {
    const auto& events = update_.recording().events();
    if (next_ == events.size()) return false;
    const DiskEvent& event = events[next_];
    if (fate == Fate::done) update_.recording().apply(disk_, next_);
    ++next_;
    if (event.kind == DiskEvent::Kind::flush || fate == Fate::lost) return true;
    judge_event(event);
    count_filling(event);
    for (const Slot slot : both_slots)
        if (touches(event, layout::root_of(slot)) || touches(event, layout::verity_of(slot))) {
            whole_slots_.at(index_of(slot)).reset();
            look_at_slots();
        }
    if (touches(event, Part::esp)) look_at_esp();
    return true;
}

std::uint64_t UpdateJudge::tear(unsigned eighths) {
    constexpr std::uint64_t sector = 512;
    const auto& events = update_.recording().events();
    if (next_ == events.size()) return 0;
    const DiskEvent& event = events[next_];
    if (event.kind != DiskEvent::Kind::write || event.length < 2 * sector || !touches(event, Part::esp))
        return 0;
    const std::uint64_t torn = event.length * eighths / 8 / sector * sector;
    if (torn == 0) return 0;
    update_.recording().apply(disk_, next_, torn);
    look_at_esp();
    return torn;
}

void UpdateJudge::report(const std::string& problem) {
    problems_.push_back(
        std::format("after {} of {} events: {}", next_, update_.recording().events().size(), problem));
}

bool UpdateJudge::touches(const DiskEvent& event, Part part) const {
    const auto& place = update_.disk_layout().at(part);
    return event.offset < place.offset + place.size && event.offset + event.length > place.offset;
}

/// Where nothing may be written at all.
void UpdateJudge::judge_event(const DiskEvent& event) {
    const bool is_inside = std::ranges::any_of(update_.disk_layout().partitions, [&](const auto& part) {
        return event.offset >= part.offset && event.offset + event.length <= part.offset + part.size;
    });
    if (!is_inside) report("the partition table, or a gap between partitions, is written");
    for (const LoaderEntry& entry : entries_) {
        const MadeVersion* version = find_version(entry.version);
        const auto slot = version == nullptr ? std::nullopt : find_slot(*version);
        if (slot && (touches(event, layout::root_of(*slot)) || touches(event, layout::verity_of(*slot))))
            report(std::format("slot {} is written while the loader sees '{}'", to_text(*slot), entry.file));
    }
}

void UpdateJudge::count_filling(const DiskEvent& event) {
    if (!touches(event, Part::root_b)) return;
    idle_bytes_ += event.length;
    const std::uint64_t whole = fs::file_size(update_.versions()[1].folder / "root.erofs");
    look_.filled = static_cast<unsigned>(std::min<std::uint64_t>(idle_bytes_ * 8 / whole, 8));
}

const MadeVersion* UpdateJudge::find_version(const std::string& version) const {
    const auto found = std::ranges::find(update_.versions(), version, &MadeVersion::version);
    return found == update_.versions().end() ? nullptr : &*found;
}

/// As `init` finds it: by the first half of the root hash in the superblock.
void UpdateJudge::look_at_slots() {
    const Fd disk = open_file(disk_, O_RDONLY);
    namespace superblock = layout::verity_superblock;
    for (const Slot slot : both_slots) {
        std::vector<std::uint8_t> bytes(superblock::size);
        read_exactly_at(disk.get(), bytes, update_.disk_layout().at(layout::verity_of(slot)).offset,
                        "the disk");
        const std::string text(bytes.begin(), bytes.end());
        slot_roots_.at(index_of(slot)) =
            text.starts_with(superblock::signature)
                ? to_hex(std::span(bytes).subspan(superblock::uuid, crypto::Hash::size / 2))
                : "none";
    }
    look_.idle_slot = slot_roots_.back();
}

std::optional<Slot> UpdateJudge::find_slot(const MadeVersion& version) const {
    for (const Slot slot : both_slots)
        if (slot_roots_.at(index_of(slot)) == to_hex(version.root.bytes().first(crypto::Hash::size / 2)))
            return slot;
    return std::nullopt;
}

bool UpdateJudge::is_root_whole(const MadeVersion& version) {
    const auto slot = find_slot(version);
    if (!slot) return false;
    auto& is_whole = whole_slots_.at(index_of(*slot));
    if (!is_whole)
        is_whole = begins_with(disk_, update_.disk_layout().at(layout::root_of(*slot)).offset,
                               version.folder / "root.erofs") &&
                   begins_with(disk_, update_.disk_layout().at(layout::verity_of(*slot)).offset,
                               version.folder / "root.verity");
    return *is_whole;
}

void UpdateJudge::look_at_esp() {
    const FatVolume volume(disk_, update_.disk_layout().at(Part::esp).offset);
    look_.file_system = crypto::hash_sha256(volume.structure());
    look_.has_equal_tables = volume.has_equal_tables();
    look_.listing.clear();
    entries_ = judge_files(volume, false);
    judge_choice(entries_);
    if (seen_file_systems_.insert(look_.file_system).second) judge_mended();
}

/// Gives what the loader lists.
UpdateJudge::Entries UpdateJudge::judge_files(const FatVolume& volume, bool is_mended) {
    const std::string when = is_mended ? "mended, " : "";
    Entries entries;
    for (const FatFile& file : volume.files()) {
        const std::string name = find_listed_name(file);
        if (!name.empty() && (!slots::is_listed_name(name) || file.size == 0)) continue;
        if (!file.is_whole && !name.empty()) {
            // It is being removed, its clusters first. The loader cannot read it, and lists it no more than
            // an empty one; one of the states that are booted for what the loader really does.
            if (!is_mended) look_.listing += std::format("{} torn\n", file.path);
            continue;
        }
        if (!file.is_whole) {
            report(std::format("{}'{}' is torn", when, file.path));
            continue;
        }
        const crypto::Hash hash = crypto::hash_sha256(volume.read(file));
        if (!is_mended) look_.listing += std::format("{} {} {}\n", file.path, file.size, hash.to_hex());
        if (name.empty()) {
            if (next_ == 0 && !is_mended) other_files_.emplace(file.path, hash);
            const auto other = other_files_.find(file.path);
            if (other != other_files_.end() && other->second != hash)
                report(std::format("{}'{}' is not what it was", when, file.path));
            continue;
        }
        const auto version = std::ranges::find(update_.versions(), hash, &MadeVersion::boot_file);
        if (version == update_.versions().end()) {
            report(std::format("{}the loader sees '{}', which is no whole boot file", when, name));
            continue;
        }
        entries.push_back({.file = name,
                           .id = std::string(image_name),
                           .version = version->version,
                           .counter = slots::find_counter(name),
                           .is_whole = true});
        if (!is_root_whole(*version))
            report(std::format("{}the loader sees '{}', whose root is whole in no slot", when, name));
    }
    for (const auto& [path, hash] : other_files_)
        if (!std::ranges::contains(volume.files(), path, &FatFile::path))
            report(std::format("{}'{}' is gone", when, path));
    judge_good(volume, entries, is_mended);
    return entries;
}

void UpdateJudge::judge_good(const FatVolume& volume, const Entries& entries, bool is_mended) {
    const std::string when = is_mended ? "mended, " : "";
    if (std::ranges::none_of(entries, [&](const auto& entry) { return is_known_good(entries, entry); }))
        report(when + "no version known to be good is left");
    std::map<std::uint32_t, int> users;
    for (const FatFile& file : volume.files())
        for (const std::uint32_t cluster : file.clusters) ++users[cluster];
    for (const LoaderEntry& entry : entries) {
        if (!is_known_good(entries, entry)) continue;
        const auto file = std::ranges::find(volume.files(), entry.file, find_listed_name);
        if (!is_mended) good_places_.try_emplace(entry.version, file->clusters);
        const auto place = good_places_.find(entry.version);
        if (place != good_places_.end() && place->second != file->clusters)
            report(std::format("{}'{}', known to be good, was moved", when, entry.file));
        if (std::ranges::any_of(file->clusters, [&](std::uint32_t cluster) { return users[cluster] > 1; }))
            report(std::format("{}'{}', known to be good, shares clusters", when, entry.file));
    }
    for (const auto& [version, place] : good_places_)
        if (std::ranges::none_of(entries, [&](const LoaderEntry& entry) {
                return entry.version == version && is_known_good(entries, entry);
            }))
            report(std::format("{}version {} is no longer known to be good", when, version));
}

void UpdateJudge::judge_choice(const Entries& entries) {
    look_.starts.clear();
    for (const auto tie : {slots::Tie::first, slots::Tie::last}) {
        const auto entry = slots::choose_entry(entries, tie);
        if (!entry)
            report("the loader finds nothing to start");
        else if (!look_.starts.empty() && look_.starts != entry->version)
            report(std::format("the loader may start {} or {}", look_.starts, entry->version));
        else
            look_.starts = entry->version;
    }
}

/// As before the next write to the ESP: fsck.fat mends a copy, and the rules hold for what comes of it.
void UpdateJudge::judge_mended() {
    const auto& esp = update_.disk_layout().at(Part::esp);
    const fs::path copy = directory_.path() / "esp.img";
    copy_part(disk_, esp.offset, esp.size, copy);
    const auto check = [&](const char* option) {
        return run_command({.arguments = {"fsck.fat", option, copy},
                            .environment = {std::format("PATH={}:/usr/sbin:/sbin", std::getenv("PATH"))}});
    };
    if (const CommandResult mended = check("-p"); mended.status > 1)
        report(std::format("the ESP cannot be mended: {}", mended.output));
    if (const CommandResult left = check("-n"); left.status != 0)
        report(std::format("the ESP is not sound once it was mended: {}", left.output));
    judge_files(FatVolume(copy, 0), true);
}

}  // namespace cairn::system_test
