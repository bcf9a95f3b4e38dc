#include "images/layout/partition_table.h"

#include <cstdlib>
#include <format>
#include <libfdisk/libfdisk.h>
#include <memory>
#include <string>

#include "pkg/base/error.h"

namespace cairn::layout {
namespace {

template <auto release>
struct Release {
    template <class Thing>
    void operator()(Thing* thing) const {
        release(thing);
    }
};
using Context = std::unique_ptr<fdisk_context, Release<fdisk_unref_context>>;
using Entry = std::unique_ptr<fdisk_partition, Release<fdisk_unref_partition>>;
using Table = std::unique_ptr<fdisk_table, Release<fdisk_unref_table>>;
using Type = std::unique_ptr<fdisk_parttype, Release<fdisk_unref_parttype>>;

/// libfdisk gives 0 or a negative errno.
void check(int status, const std::filesystem::path& disk, std::string_view what) {
    if (status < 0)
        throw SystemError(std::format("cannot {} partition table of '{}'", what, disk.string()), -status);
}

enum class Access { read_only, read_write };

Context open_disk(const std::filesystem::path& disk, std::uint32_t sector_size, Access access) {
    Context context(fdisk_new_context());
    CHECK(context != nullptr);
    fdisk_disable_dialogs(context.get(), 1);
    check(fdisk_save_user_sector_size(context.get(), sector_size, sector_size), disk, "set sector size for");
    check(fdisk_assign_device(context.get(), disk.c_str(), access == Access::read_only ? 1 : 0), disk,
          "open");
    return context;
}

Entry make_entry(const Context& context, const PlacedPartition& partition, std::uint32_t sector_size) {
    Entry entry(fdisk_new_partition());
    CHECK(entry != nullptr);
    const fdisk_label* label = fdisk_get_label(context.get(), nullptr);
    const Type type(fdisk_label_get_parttype_from_string(label, to_text(partition.type).c_str()));
    CHECK(type != nullptr);
    fdisk_partition_set_partno(entry.get(), number_of(partition.part) - 1);
    fdisk_partition_set_type(entry.get(), type.get());
    fdisk_partition_set_start(entry.get(), partition.offset / sector_size);
    fdisk_partition_set_size(entry.get(), partition.size / sector_size);
    fdisk_partition_size_explicit(entry.get(), 1);
    fdisk_partition_set_name(entry.get(), std::string(name_of(partition.part)).c_str());
    fdisk_partition_set_uuid(entry.get(), to_text(partition.id).c_str());
    return entry;
}

PlacedPartition read_entry(const Context& context, fdisk_partition* entry, std::uint32_t sector_size) {
    const std::size_t index = fdisk_partition_get_partno(entry);
    const char* const name = fdisk_partition_get_name(entry);
    const auto part = static_cast<Part>(index + 1);
    if (index >= number_of(Part::data) || name == nullptr || name != name_of(part))
        throw Error(
            std::format("partition {} ('{}') is none of Cairn's", index + 1, name == nullptr ? "" : name));
    std::uint64_t attributes = 0;
    fdisk_gpt_get_partition_attrs(context.get(), index, &attributes);
    return {.part = part,
            .type = parse_guid(fdisk_parttype_get_string(fdisk_partition_get_type(entry))),
            .id = parse_guid(fdisk_partition_get_uuid(entry)),
            .offset = fdisk_partition_get_start(entry) * sector_size,
            .size = fdisk_partition_get_size(entry) * sector_size,
            .is_read_only = (attributes >> read_only_attribute_bit & 1) != 0};
}

}  // namespace

void write_partition_table(const std::filesystem::path& disk, const DiskLayout& layout) {
    const Context context = open_disk(disk, layout.sector_size, Access::read_write);
    check(fdisk_create_disklabel(context.get(), "gpt"), disk, "make");
    check(fdisk_set_disklabel_id_from_string(context.get(), to_text(layout.disk).c_str()), disk,
          "set GUID of");
    for (const PlacedPartition& partition : layout.partitions) {
        const Entry entry = make_entry(context, partition, layout.sector_size);
        check(fdisk_add_partition(context.get(), entry.get(), nullptr), disk,
              std::format("add '{}' to", name_of(partition.part)));
        if (partition.is_read_only)
            check(fdisk_gpt_set_partition_attrs(context.get(), number_of(partition.part) - 1,
                                                std::uint64_t{1} << read_only_attribute_bit),
                  disk, "set attributes in");
    }
    check(fdisk_write_disklabel(context.get()), disk, "write");
    check(fdisk_deassign_device(context.get(), 1), disk, "close");
}

DiskLayout read_partition_table(const std::filesystem::path& disk, std::uint32_t sector_size) {
    const Context context = open_disk(disk, sector_size, Access::read_only);
    if (!fdisk_is_labeltype(context.get(), FDISK_DISKLABEL_GPT))
        throw Error(std::format("'{}' has no GUID partition table", disk.string()));
    char* id = nullptr;
    check(fdisk_get_disklabel_id(context.get(), &id), disk, "read GUID of");
    const std::unique_ptr<char, Release<std::free>> id_owner(id);

    DiskLayout layout = {.disk = parse_guid(id),
                         .sector_size = sector_size,
                         .size = fdisk_get_nsectors(context.get()) * sector_size};
    fdisk_table* entries = nullptr;
    check(fdisk_get_partitions(context.get(), &entries), disk, "read");
    const Table entries_owner(entries);
    for (std::size_t index = 0; index < fdisk_table_get_nents(entries); ++index)
        layout.partitions.push_back(
            read_entry(context, fdisk_table_get_partition(entries, index), sector_size));
    check(fdisk_deassign_device(context.get(), 1), disk, "close");
    return layout;
}

}  // namespace cairn::layout
