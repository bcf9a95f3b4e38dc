#include <algorithm>
#include <cstring>

#include "installer/disks/gpt.h"
#include "tests/fuzz/fuzz.h"

/// Input: a small disk of 512-byte sectors. The checksums of both copies of its table are put right first.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

constexpr std::uint32_t sector = 512;

class MemoryDisk : public disks::BlockDevice {
  public:
    explicit MemoryDisk(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}

    std::uint64_t size() const override { return bytes_.size(); }
    std::uint32_t sector_size() const override { return sector; }
    const std::string& name() const override { return name_; }
    std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t length) override {
        const auto part = place(offset, length);
        return {part.begin(), part.end()};
    }
    void write(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
        std::ranges::copy(bytes, place(offset, bytes.size()).begin());
    }
    void sync() override {}

    std::span<std::uint8_t> place(std::uint64_t offset, std::uint64_t length) {
        require(offset <= size() && length <= size() - offset, "nothing outside of the disk is touched");
        return std::span(bytes_).subspan(offset, length);
    }

  private:
    std::vector<std::uint8_t> bytes_;
    std::string name_ = "fuzz";
};

std::uint32_t crc32(Bytes bytes) {
    std::uint32_t crc = ~0U;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    }
    return ~crc;
}

template <class Number>
Number load(Bytes bytes, std::size_t offset) {
    Number number;
    std::memcpy(&number, bytes.data() + offset, sizeof number);
    return number;
}

/// The offsets are those of the UEFI specification, section 5.3.2.
void mend_checksums(MemoryDisk& disk, std::uint64_t header_sector) {
    const auto header = disk.place(header_sector * sector, sector);
    const auto store = [&](std::size_t offset, std::uint32_t number) {
        std::memcpy(header.data() + offset, &number, sizeof number);
    };
    const std::uint64_t sectors = disk.size() / sector;
    const auto entries = load<std::uint64_t>(header, 72);
    const std::uint64_t length = load<std::uint32_t>(header, 80) * std::uint64_t{128};
    if (entries < sectors && length <= (sectors - entries) * sector)
        store(88, crc32(disk.place(entries * sector, length)));
    const auto header_length = load<std::uint32_t>(header, 12);
    if (header_length > sector) return;
    store(16, 0);
    store(16, crc32(header.first(header_length)));
}

void check_partitions(const disks::PartitionTable& table, std::uint64_t sectors) {
    for (const disks::Partition& one : table.partitions) {
        require(one.first_sector >= 2 && one.first_sector <= one.last_sector && one.last_sector < sectors - 1,
                "a partition lies inside the disk, between the headers");
        for (const disks::Partition& other : table.partitions)
            require(one.number == other.number || one.last_sector < other.first_sector ||
                        other.last_sector < one.first_sector,
                    "partitions lie beside each other");
    }
}

}  // namespace

FUZZ_TARGET(input) {
    MemoryDisk disk(input.first(input.size() - input.size() % sector));
    const std::uint64_t sectors = disk.size() / sector;
    if (sectors >= 2) {
        mend_checksums(disk, 1);
        mend_checksums(disk, sectors - 1);
    }
    const auto found = disks::find_partition_table(disk);
    if (!found) return;
    check_partitions(found->table, sectors);

    // What the first process does with a table: it must be able to with each that it takes.
    disks::repair_primary_table(disk, found->table);
    const auto repaired = disks::find_partition_table(disk);
    require(repaired && repaired->table == found->table && !repaired->is_from_backup, "a repair is whole");
    const disks::PartitionTable grown = disks::grow_to(found->table, disk.size());
    disks::write_partition_table(disk, grown);
    const auto written = disks::find_partition_table(disk);
    require(written && written->table == grown, "a table is written back as it is");
}
