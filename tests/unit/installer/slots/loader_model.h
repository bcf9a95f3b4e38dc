#pragma once

#include <algorithm>
#include <filesystem>
#include <format>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "images/layout/boot_file_name.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/base/version_order.h"

/// What systemd-boot would do with a folder EFI/Linux, as its sources and the Boot Loader Specification say:
/// which files it lists, in which order, and how it counts. Boot files here are made-up ones whose beginning
/// says IMAGE_ID and IMAGE_VERSION, as section .osrel of a real one does.
namespace cairn::slots {

/// Longer than a block, so that a stopped write leaves a part.
inline std::string make_boot_content(const std::string& id, const std::string& version) {
    return std::format("IMAGE_ID={}\nIMAGE_VERSION={}\n", id, version) +
           std::string(300'000, version.front()) + "\nwhole";
}

struct LoaderEntry {
    std::string file;
    std::string id;
    std::string version;
    std::optional<layout::TryCounter> counter;
    bool is_whole = false;
};

/// A file of this name is looked into; whether it becomes an entry depends on what it holds.
inline bool is_listed_name(const std::string& file) {
    return to_lower(file).ends_with(".efi") && !file.starts_with('.');
}

/// The counter is what stands after the last '+', whatever the rest of the name is.
inline std::optional<layout::TryCounter> find_counter(const std::string& file) {
    const auto name =
        layout::find_boot_file_name("x_1" + file.substr(std::min(file.rfind('+'), file.size())));
    return name ? name->counter : std::nullopt;
}

inline std::vector<LoaderEntry> list_loader_entries(const std::filesystem::path& folder) {
    std::vector<LoaderEntry> entries;
    for (const auto& item : std::filesystem::directory_iterator(folder)) {
        const std::string file = item.path().filename();
        if (!is_listed_name(file) || !item.is_regular_file()) continue;
        const std::string content = read_file(item.path());
        const auto lines = split(std::string_view(content).substr(0, 200), '\n');
        // Not to be read as a boot file: the loader does not list it.
        if (lines.size() < 3 || !lines[0].starts_with("IMAGE_ID=") || !lines[1].starts_with("IMAGE_VERSION="))
            continue;
        LoaderEntry entry = {.file = file,
                             .id = lines[0].substr(9),
                             .version = lines[1].substr(14),
                             .counter = find_counter(file)};
        entry.is_whole = content == make_boot_content(entry.id, entry.version);
        entries.push_back(entry);
    }
    return entries;
}

/// Below 0: `one` is offered before `other`; 0: the loader may take either.
inline int compare_entries(const LoaderEntry& one, const LoaderEntry& other) {
    const auto is_used_up = [](const LoaderEntry& entry) {
        return entry.counter && entry.counter->left == 0;
    };
    if (is_used_up(one) != is_used_up(other)) return is_used_up(one) ? 1 : -1;
    if (one.id != other.id) return one.id < other.id ? -1 : 1;
    if (const auto order = compare_versions(one.version, other.version); order != 0)
        return order < 0 ? 1 : -1;
    if (!one.counter || !other.counter) return 0;
    if (one.counter->left != other.counter->left) return one.counter->left > other.counter->left ? -1 : 1;
    return one.counter->done < other.counter->done ? -1 : one.counter->done > other.counter->done ? 1 : 0;
}

/// Between entries of equal rank.
enum class Tie { first, last };

inline std::optional<LoaderEntry> choose_entry(std::vector<LoaderEntry> entries, Tie tie) {
    if (entries.empty()) return std::nullopt;
    std::ranges::sort(entries, {}, &LoaderEntry::file);
    if (tie == Tie::last) std::ranges::reverse(entries);
    return *std::ranges::min_element(entries,
                                     [](const auto& a, const auto& b) { return compare_entries(a, b) < 0; });
}

inline std::optional<LoaderEntry> choose_entry(const std::filesystem::path& folder, Tie tie) {
    return choose_entry(list_loader_entries(folder), tie);
}

/// Boots the folder again and again, as a watchdog would, until one of the versions that `work` comes up.
/// Gives its version, or what it is stuck with.
inline std::string boot_until_up(const std::filesystem::path& folder, const std::set<std::string>& work,
                                 Tie tie) {
    for (int boot = 0; boot < 12; ++boot) {
        const auto entry = choose_entry(folder, tie);
        if (!entry) return "nothing to boot";
        if (entry->counter) {
            std::string file = entry->file.substr(0, entry->file.rfind('+'));
            file += std::format("+{}-{}.efi", entry->counter->left - (entry->counter->left > 0 ? 1 : 0),
                                entry->counter->done + 1);
            std::filesystem::rename(folder / entry->file, folder / file);
        }
        if (entry->is_whole && work.contains(entry->version)) return entry->version;
        if (!entry->counter) return std::format("stuck with '{}'", entry->file);
    }
    return "no version ever comes up";
}

}  // namespace cairn::slots
