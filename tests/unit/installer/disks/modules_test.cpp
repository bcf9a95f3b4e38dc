#include "installer/disks/modules.h"

#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::disks {
namespace {

using Files = std::vector<std::string>;

ModuleIndex make_index() {
    return ModuleIndex::parse(
        "kernel/drivers/scsi/mpt3sas.ko: kernel/drivers/scsi/raid_class.ko "
        "kernel/drivers/scsi/scsi_transport_sas.ko\n"
        "kernel/drivers/scsi/raid_class.ko:\n"
        "kernel/drivers/scsi/scsi_transport_sas.ko: kernel/drivers/scsi/raid_class.ko\n"
        "kernel/drivers/mmc/sdhci-pci.ko: kernel/drivers/mmc/cqhci.ko\n"
        "kernel/drivers/mmc/cqhci.ko:\n"
        "kernel/crypto/extra.ko:\n",
        "# Aliases extracted from modules themselves.\n"
        "alias pci:v00001000d00000064sv*sd*bc*sc*i* mpt3sas\n"
        "alias pci:v*d*sv*sd*bc08sc05i* sdhci_pci\n"
        "alias of:N*T*Cbrcm,bcm2711-emmc2 sdhci-iproc\n"
        "alias nonsense\n",
        "# Soft dependencies\n"
        "softdep sdhci-pci pre: extra post: mpt3sas\n");
}

TEST(ModuleIndex, FindsTheDriversOfADevice) {
    const ModuleIndex index = make_index();
    EXPECT_EQ(index.find_modules("pci:v00001000d00000064sv00001028sd00001F46bc01sc07i00"), Files{"mpt3sas"});
    EXPECT_EQ(index.find_modules("pci:v00001B36d00000007sv00001AF4sd00001100bc08sc05i01"),
              Files{"sdhci_pci"});
    EXPECT_EQ(index.find_modules("of:NmmcT(null)Cbrcm,bcm2711-emmc2"), Files{"sdhci_iproc"});
    EXPECT_EQ(index.find_modules("pci:v00008086d00000064sv*sd*bc01sc01i00"), Files{});
    EXPECT_EQ(index.find_modules("usb:v1D6Bp0002"), Files{});
}

TEST(ModuleIndex, LoadsWhatAModuleNeedsBeforeIt) {
    EXPECT_EQ(make_index().plan_load("mpt3sas"),
              (Files{"kernel/drivers/scsi/raid_class.ko", "kernel/drivers/scsi/scsi_transport_sas.ko",
                     "kernel/drivers/scsi/mpt3sas.ko"}));
}

TEST(ModuleIndex, SoftDependenciesBeforeCountAndThoseAfterDoNot) {
    EXPECT_EQ(
        make_index().plan_load("sdhci_pci"),
        (Files{"kernel/crypto/extra.ko", "kernel/drivers/mmc/cqhci.ko", "kernel/drivers/mmc/sdhci-pci.ko"}));
}

TEST(ModuleIndex, PlansNothingForAModuleThatItDoesNotHave) {
    EXPECT_EQ(make_index().plan_load("sdhci_iproc"), Files{});
    EXPECT_TRUE(ModuleIndex::read("/nowhere").is_empty());
}

TEST(ModuleIndex, EndsWhenModulesNeedEachOther) {
    const auto index = ModuleIndex::parse("a.ko: b.ko\nb.ko: a.ko\n", "", "");
    EXPECT_EQ(index.plan_load("a"), (Files{"b.ko", "a.ko"}));
}

TEST(Modaliases, AreReadFromAllDevices) {
    const TemporaryDirectory sys;
    make_directories(sys.path() / "devices/pci0000:00/0000:00:01.0/usb1");
    write_file(sys.path() / "devices/pci0000:00/0000:00:01.0/modalias", "pci:v1\n");
    write_file(sys.path() / "devices/pci0000:00/0000:00:01.0/usb1/modalias", "usb:v2\n");
    EXPECT_EQ(read_modaliases(sys.path()), (std::set<std::string>{"pci:v1", "usb:v2"}));
}

}  // namespace
}  // namespace cairn::disks
