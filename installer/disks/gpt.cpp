#include "installer/disks/gpt.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <format>
#include <span>

#include "pkg/base/error.h"

namespace cairn::disks {

namespace {

constexpr std::uint32_t header_length = 92;
constexpr std::uint32_t entry_length = 128;
constexpr std::uint32_t most_entries = 1024;
constexpr std::uint64_t primary_entries = 2;  // their first sector
constexpr std::size_t primary_steps = 2;      // the last ones of a plan
constexpr std::string_view signature = "EFI PART";

using Bytes = std::vector<std::uint8_t>;

template <class Integer>
Integer load(std::span<const std::uint8_t> bytes, std::size_t offset) {
    static_assert(std::endian::native == std::endian::little);
    Integer value = {};
    CHECK(offset + sizeof value <= bytes.size());
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <class Integer>
void store(std::span<std::uint8_t> bytes, std::size_t offset, Integer value) {
    CHECK(offset + sizeof value <= bytes.size());
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

Guid load_guid(std::span<const std::uint8_t> bytes, std::size_t offset) {
    Guid guid;
    std::ranges::copy(bytes.subspan(offset, guid.bytes.size()), guid.bytes.begin());
    return guid;
}

void store_guid(std::span<std::uint8_t> bytes, std::size_t offset, const Guid& guid) {
    std::ranges::copy(guid.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    }
    return ~crc;
}

/// The header's checksum is taken with its own field as zero.
std::uint32_t header_checksum(std::span<const std::uint8_t> header) {
    Bytes copy(header.begin(), header.end());
    store<std::uint32_t>(copy, 16, 0);
    return crc32(copy);
}

std::uint64_t entry_sectors(const PartitionTable& table) {
    const std::uint64_t length = std::uint64_t{table.entry_count} * entry_length;
    return (length + table.sector_size - 1) / table.sector_size;
}

Partition parse_entry(std::span<const std::uint8_t> entry, std::uint32_t number) {
    Partition partition = {.number = number,
                           .type = load_guid(entry, 0),
                           .id = load_guid(entry, 16),
                           .first_sector = load<std::uint64_t>(entry, 32),
                           .last_sector = load<std::uint64_t>(entry, 40),
                           .attributes = load<std::uint64_t>(entry, 48)};
    for (std::size_t offset = 56; offset < entry_length; offset += 2) {
        const auto unit = load<char16_t>(entry, offset);
        if (unit == 0) break;
        partition.name += unit;
    }
    return partition;
}

bool has_sound_partitions(const PartitionTable& table) {
    std::vector<Partition> sorted = table.partitions;
    std::ranges::sort(sorted, {}, &Partition::first_sector);
    std::uint64_t next_free = table.first_usable;
    for (const Partition& partition : sorted) {
        if (partition.first_sector < next_free || partition.last_sector < partition.first_sector)
            return false;
        if (partition.last_sector > table.last_usable) return false;
        next_free = partition.last_sector + 1;
    }
    return true;
}

/// Both tables fit around what partitions may use, where plan_table_writes() puts them.
bool has_room_for_tables(const PartitionTable& table, std::uint64_t sectors) {
    const std::uint64_t length = entry_sectors(table);
    return table.first_usable >= primary_entries + length && length + 1 < sectors &&
           table.last_usable < sectors - 1 - length;
}

/// One copy, from its header at `header_sector`.
std::optional<PartitionTable> find_copy(BlockDevice& disk, std::uint64_t header_sector) {
    const std::uint32_t sector_size = disk.sector_size();
    const std::uint64_t sectors = disk.size() / sector_size;
    const Bytes sector = disk.read(header_sector * sector_size, sector_size);
    if (std::memcmp(sector.data(), signature.data(), signature.size()) != 0) return std::nullopt;
    const auto length = load<std::uint32_t>(sector, 12);
    if (length < header_length || length > sector_size) return std::nullopt;
    if (header_checksum(std::span(sector).first(length)) != load<std::uint32_t>(sector, 16))
        return std::nullopt;
    if (load<std::uint64_t>(sector, 24) != header_sector) return std::nullopt;

    PartitionTable table = {.disk = load_guid(sector, 56),
                            .sector_size = sector_size,
                            .first_usable = load<std::uint64_t>(sector, 40),
                            .last_usable = load<std::uint64_t>(sector, 48),
                            .entry_count = load<std::uint32_t>(sector, 80)};
    const auto entries_sector = load<std::uint64_t>(sector, 72);
    if (load<std::uint32_t>(sector, 84) != entry_length) return std::nullopt;
    if (table.entry_count == 0 || table.entry_count > most_entries) return std::nullopt;
    if (table.first_usable > table.last_usable || !has_room_for_tables(table, sectors)) return std::nullopt;
    if (entries_sector >= sectors || sectors - entries_sector < entry_sectors(table)) return std::nullopt;

    const Bytes entries = disk.read(entries_sector * sector_size, entry_sectors(table) * sector_size);
    const auto used = std::span(entries).first(std::size_t{table.entry_count} * entry_length);
    if (crc32(used) != load<std::uint32_t>(sector, 88)) return std::nullopt;
    for (std::uint32_t index = 0; index < table.entry_count; ++index) {
        const Partition partition =
            parse_entry(used.subspan(std::size_t{index} * entry_length, entry_length), index + 1);
        if (partition.type != Guid{}) table.partitions.push_back(partition);
    }
    if (!has_sound_partitions(table)) return std::nullopt;
    return table;
}

Bytes make_entries(const PartitionTable& table) {
    Bytes bytes(entry_sectors(table) * table.sector_size);
    for (const Partition& partition : table.partitions) {
        CHECK(partition.number >= 1 && partition.number <= table.entry_count && partition.name.size() <= 36);
        const auto entry =
            std::span(bytes).subspan(std::size_t{partition.number - 1} * entry_length, entry_length);
        store_guid(entry, 0, partition.type);
        store_guid(entry, 16, partition.id);
        store(entry, 32, partition.first_sector);
        store(entry, 40, partition.last_sector);
        store(entry, 48, partition.attributes);
        std::memcpy(entry.data() + 56, partition.name.data(), partition.name.size() * sizeof(char16_t));
    }
    return bytes;
}

Bytes make_header(const PartitionTable& table, std::uint64_t own_sector, std::uint64_t other_sector,
                  std::uint64_t entries_sector, std::span<const std::uint8_t> entries) {
    Bytes header(table.sector_size);
    std::ranges::copy(signature, header.begin());
    store<std::uint32_t>(header, 8, 0x00010000);
    store(header, 12, header_length);
    store(header, 24, own_sector);
    store(header, 32, other_sector);
    store(header, 40, table.first_usable);
    store(header, 48, table.last_usable);
    store_guid(header, 56, table.disk);
    store(header, 72, entries_sector);
    store(header, 80, table.entry_count);
    store(header, 84, entry_length);
    store(header, 88, crc32(entries.first(std::size_t{table.entry_count} * entry_length)));
    store(header, 16, header_checksum(std::span(header).first(header_length)));
    return header;
}

void apply_writes(BlockDevice& disk, std::span<const TableWrite> steps) {
    for (const TableWrite& step : steps) {
        with_context(std::format("writing the {} of disk '{}'", step.what, disk.name()), [&] {
            disk.write(step.offset, step.bytes);
            disk.sync();
        });
    }
}

}  // namespace

Guid make_random_guid() {
    Guid guid;
    if (getrandom(guid.bytes.data(), guid.bytes.size(), 0) != static_cast<ssize_t>(guid.bytes.size()))
        throw SystemError("cannot get random bytes");
    guid.bytes[7] = static_cast<std::uint8_t>((guid.bytes[7] & 0x0f) | 0x40);
    guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3f) | 0x80);
    return guid;
}

const Partition* PartitionTable::find_partition(std::uint32_t number) const {
    const auto found = std::ranges::find(partitions, number, &Partition::number);
    return found == partitions.end() ? nullptr : &*found;
}

std::optional<FoundTable> find_partition_table(BlockDevice& disk) {
    const std::uint64_t sectors = disk.size() / disk.sector_size();
    if (sectors < 8) return std::nullopt;
    if (const auto primary = find_copy(disk, 1)) return FoundTable{*primary, false};
    if (const auto backup = find_copy(disk, sectors - 1)) return FoundTable{*backup, true};
    return std::nullopt;
}

PartitionTable grow_to(PartitionTable table, std::uint64_t disk_size) {
    table.last_usable = disk_size / table.sector_size - 1 - entry_sectors(table) - 1;
    return table;
}

std::vector<TableWrite> plan_table_writes(const PartitionTable& table, std::uint64_t disk_size) {
    const std::uint64_t last_sector = disk_size / table.sector_size - 1;
    const std::uint64_t backup_entries = last_sector - entry_sectors(table);
    CHECK(has_sound_partitions(table) && has_room_for_tables(table, last_sector + 1));

    const Bytes entries = make_entries(table);
    const auto at = [&](std::uint64_t sector) { return sector * table.sector_size; };
    return {
        {"entries of the backup table", at(backup_entries), entries},
        {"header of the backup table", at(last_sector),
         make_header(table, last_sector, 1, backup_entries, entries)},
        {"entries of the primary table", at(primary_entries), entries},
        {"header of the primary table", at(1), make_header(table, 1, last_sector, primary_entries, entries)}};
}

void write_partition_table(BlockDevice& disk, const PartitionTable& table) {
    apply_writes(disk, plan_table_writes(table, disk.size()));
}

void repair_primary_table(BlockDevice& disk, const PartitionTable& table) {
    const std::vector<TableWrite> steps = plan_table_writes(table, disk.size());
    apply_writes(disk, std::span(steps).last(primary_steps));
}

}  // namespace cairn::disks
