#include "installer/slots/loader_report.h"

#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::slots {
namespace {

class FakeVariables {
  public:
    void set(const std::string& name, std::string_view text) {
        std::string bytes("\x06\x00\x00\x00", 4);
        for (const char letter : text) bytes += {letter, '\0'};
        write_file(path() / (name + "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"), bytes + std::string(2, '\0'));
    }
    const std::filesystem::path& path() const { return directory_.path(); }

  private:
    TemporaryDirectory directory_;
};

constexpr std::string_view some_guid = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

TEST(LoaderReport, IsEmptyWithoutVariables) {
    EXPECT_EQ(read_loader_report("/nowhere"), LoaderReport{});
}

TEST(LoaderReport, NamesThePartitionInAnyCase) {
    FakeVariables variables;
    variables.set("LoaderDevicePartUUID", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
    variables.set("LoaderEntrySelected", "base_1.0.0.efi");
    EXPECT_EQ(read_loader_report(variables.path()),
              (LoaderReport{layout::parse_guid(some_guid), "base_1.0.0.efi", std::nullopt}));
}

TEST(LoaderReport, TellsTheTriesOfAVersionOnTrial) {
    FakeVariables variables;
    variables.set("LoaderEntrySelected", "base_1.1.0.efi");
    variables.set("LoaderBootCountPath", "\\EFI\\Linux\\base_1.1.0+2-1.efi");
    EXPECT_EQ(read_loader_report(variables.path()),
              (LoaderReport{std::nullopt, "base_1.1.0+2-1.efi", layout::TryCounter{.left = 2, .done = 1}}));
}

TEST(LoaderReport, IgnoresVariablesThatMakeNoSense) {
    FakeVariables variables;
    variables.set("LoaderDevicePartUUID", "not a GUID");
    write_file(variables.path() / "LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "\x06");
    EXPECT_EQ(read_loader_report(variables.path()), LoaderReport{});
}

}  // namespace
}  // namespace cairn::slots
