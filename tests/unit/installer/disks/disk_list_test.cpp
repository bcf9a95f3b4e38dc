#include "installer/disks/disk_list.h"

#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::disks {
namespace {

/// A /sys with what the kernel shows for a disk.
class FakeSys {
  public:
    void add_disk(const std::string& name, const std::string& device, const std::string& sectors) {
        const auto disk = directory_.path() / "class/block" / name;
        make_directories(disk / "device");
        write_file(disk / "dev", device + "\n");
        write_file(disk / "size", sectors + "\n");
        write_file(disk / "removable", "0\n");
    }
    void add_partition(const std::string& disk, const std::string& name, const std::string& number) {
        const auto partition = directory_.path() / "class/block" / disk / name;
        make_directories(partition);
        write_file(partition / "partition", number + "\n");
        write_file(partition / "dev", "253:" + number + "\n");
        write_file(partition / "start", "2048\n");
        write_file(partition / "size", "4096\n");
    }
    const std::filesystem::path& path() const { return directory_.path(); }

  private:
    TemporaryDirectory directory_;
};

TEST(Disks, AreReadWithTheirPartitions) {
    FakeSys sys;
    sys.add_disk("vda", "253:0", "204800");
    sys.add_partition("vda", "vda2", "2");
    const auto disks = read_disks(sys.path());
    ASSERT_EQ(disks.size(), 1U);
    DiskNode expected = {"vda", "253:0", "/dev/vda", 204800 * 512, false, {}};
    expected.partitions[2] = {"253:2", "/dev/vda2", 2048 * 512, 4096 * 512};
    EXPECT_EQ(disks[0], expected);
}

TEST(Disks, AreKnownToHangOnUsbByTheirPlaceAmongTheDevices) {
    FakeSys sys;
    sys.add_disk("sda", "8:0", "204800");
    sys.add_disk("sdb", "8:16", "204800");
    for (const auto& [name, place] :
         {std::pair("sda", "devices/pci0000:00/usbless/ata1/host0"),
          std::pair("sdb", "devices/pci0000:00/0000:00:04.0/usb12/1-1/1-1:1.0/host2")}) {
        make_directories(sys.path() / place);
        std::filesystem::remove(sys.path() / "class/block" / name / "device");
        std::filesystem::create_directory_symlink(sys.path() / place,
                                                  sys.path() / "class/block" / name / "device");
    }
    write_file(sys.path() / "class/block/sdb/diskseq", "17\n");
    const auto disks = read_disks(sys.path());
    ASSERT_EQ(disks.size(), 2U);
    EXPECT_FALSE(disks[0].is_on_usb);
    EXPECT_TRUE(disks[1].is_on_usb);
    EXPECT_EQ(disks[1].sequence, 17U);
}

TEST(Disks, WithoutMediumAndOpticalAndMadeUpOnesAreLeftOut) {
    FakeSys sys;
    sys.add_disk("sdb", "8:16", "0");
    sys.add_disk("sr0", "11:0", "100");
    sys.add_disk("loop0", "7:0", "100");
    std::filesystem::remove(sys.path() / "class/block/loop0/device");
    EXPECT_TRUE(read_disks(sys.path()).empty());
}

}  // namespace
}  // namespace cairn::disks
