#include "images/assemble/disk_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <format>

#include "images/assemble/esp.h"
#include "images/layout/partition_table.h"
#include "images/layout/paths.h"
#include "images/layout/seed.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::assemble {
namespace {

namespace paths = layout::paths;

/// By write(), for file systems between which the kernel does not copy.
void copy_through_memory(int from, std::uint64_t size, int to, std::uint64_t offset,
                         const std::string& name) {
    std::vector<std::uint8_t> buffer(1 << 20);
    for (std::uint64_t done = 0; done < size;) {
        const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - done));
        read_exactly_at(from, piece, done, name);
        write_all_at(to, piece, offset + done, name);
        done += piece.size();
    }
}

/// Copies a whole file to `offset` of another one, in the kernel.
void copy_file_to(const std::filesystem::path& source, int to, std::uint64_t offset,
                  const std::filesystem::path& output) {
    const Fd from = open_file(source, O_RDONLY);
    const std::uint64_t size = file_size(from.get(), source.string());
    auto read_offset = off_t{0};
    auto write_offset = static_cast<off_t>(offset);
    while (static_cast<std::uint64_t>(read_offset) < size) {
        const ssize_t count = copy_file_range(from.get(), &read_offset, to, &write_offset,
                                              size - static_cast<std::uint64_t>(read_offset), 0);
        if (count > 0) continue;
        if (count < 0 && errno == EINTR) continue;
        const bool is_unsupported =
            count == 0 || errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
        if (!is_unsupported)
            throw SystemError(std::format("cannot copy '{}' into '{}'", source.string(), output.string()));
        return copy_through_memory(from.get(), size, to, offset, output.string());
    }
}

EspPlan plan_esp(const layout::PlacedPartition& partition, const ImageDefinition& definition,
                 const crypto::Hash& seed, const DiskImageParts& parts) {
    const layout::ArchitectureNames& names = layout::names_of(definition.architecture);
    const auto in = [](std::string_view folder, std::string_view name) {
        return std::format("{}/{}", folder, name);
    };
    return {.offset = partition.offset,
            .size = partition.size,
            .sector_size = definition.sector_size,
            .volume_id = layout::derive_number(seed, "esp volume"),
            .time = definition.time,
            .folders = {std::string(paths::esp_cairn_folder)},
            .files = {{in(paths::esp_removable_folder, names.removable_loader), parts.loader},
                      {in(paths::esp_loader_folder, names.loader), parts.loader},
                      {std::string(paths::esp_loader_settings), parts.loader_settings},
                      {in(paths::esp_boot_files, parts.boot_file.filename().string()), parts.boot_file}}};
}

}  // namespace

void write_disk_image(const std::filesystem::path& output, const ImageDefinition& definition,
                      const DiskImageParts& parts) {
    const crypto::Hash seed =
        layout::make_seed(definition.name, definition.version, layout::to_text(definition.architecture));
    const layout::DiskLayout disk = layout::plan_image_disk(definition.architecture, definition.sizes, seed,
                                                            parts.root_hash, definition.sector_size);
    const Fd file = open_file(output, O_RDWR | O_CREAT | O_TRUNC);
    if (ftruncate(file.get(), static_cast<off_t>(disk.size)) != 0)
        throw SystemError(std::format("cannot make '{}' {} bytes long", output.string(), disk.size));
    layout::write_partition_table(output, disk);
    copy_file_to(parts.root, file.get(), disk.at(layout::Part::root_a).offset, output);
    copy_file_to(parts.verity, file.get(), disk.at(layout::Part::root_a_verity).offset, output);
    write_esp(output, plan_esp(disk.at(layout::Part::esp), definition, seed, parts));
}

std::string make_loader_settings() {
    return "timeout 0\neditor no\nauto-entries no\nauto-firmware no\nsecure-boot-enroll manual\n";
}

}  // namespace cairn::assemble
