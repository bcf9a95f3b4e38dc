#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "tests/system/device_steps.h"
#include "tests/system/maker.h"

/// Updates that a device must not or cannot take.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// The same image, published as what it is not.
fs::path make_copy(const fs::path& image, const fs::path& place, const char* member, const char* value) {
    fs::create_directory(place);
    for (const auto& entry : fs::directory_iterator(image))
        if (entry.path().filename() != "manifest.json")
            fs::create_symlink(fs::absolute(entry.path()), place / entry.path().filename());
    Json manifest = read_json(image / "manifest.json");
    const std::string boot_file =
        std::format("{}_{}.efi", manifest["name"].get<std::string>(), manifest["version"].get<std::string>());
    manifest[member] = value;
    manifest["files"][std::format("{}_{}.efi", manifest["name"].get<std::string>(),
                                  manifest["version"].get<std::string>())] = manifest["files"][boot_file];
    write_file(place / "manifest.json", format_json(manifest));
    return place;
}

TEST(UpdateRefusedLong, OfAnotherImageOfAnotherArchitectureOrTooLargeForTheSlot) {
    Maker maker(Architecture::x86_64);
    const fs::path large = maker.build("2.0", "add_packages = [\"test-ballast\"]\n");
    // A slot that the running version fills to the last megabyte.
    const std::uint64_t root = fs::file_size(maker.build("1.0") / "root.erofs");
    const fs::path small = maker.build("1.1", std::format("[sizes]\nroot_mib = {}\n", root / mebibyte + 2));
    MachineFolder folder = MachineFolder::from_folder(small, Architecture::x86_64, disk_size);
    RunningMachine machine(folder.make_machine(), folder.path());
    wait_for_version(machine, "1.1");
    wait_until_good(machine);
    machine.run(std::format("cairnctl settings set --apply updates.check_minutes=0 updates.repository={}",
                            maker.address()));

    const TemporaryDirectory work;
    for (const auto& [member, value] : {std::pair{"name", "other"}, {"architecture", "aarch64"}}) {
        maker.publish(make_copy(large, work.path() / value, member, value));
        const std::string refused = expect_failure(machine, "cairnctl update --yes");
        EXPECT_THAT(refused, HasSubstr("the repository has no 'images/device/x86_64/updates.json'"));
        EXPECT_THAT(refused, HasSubstr("is this image published there, for this architecture?"));
        EXPECT_EQ(read_updates(machine).at("update_state"), "Idle");
    }

    maker.publish(large);
    const std::string refused = expect_failure(machine, "cairnctl update --yes");
    EXPECT_THAT(refused, HasSubstr("the root partition of the slot has"));
    const Json updates = read_updates(machine);
    EXPECT_EQ(updates.at("update_state"), "Available");
    EXPECT_EQ(updates.at("other"), nullptr);
    EXPECT_THAT(updates.at("most_recent_command").at("message").get<std::string>(), HasSubstr("are needed"));
    EXPECT_EQ(read_health(machine).at("status"), "good");
}

}  // namespace
}  // namespace cairn::system_test
