#include "installer/disks/verity.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::disks {
namespace {

const std::string digits = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";

std::vector<std::uint8_t> make_superblock() {
    std::vector<std::uint8_t> bytes(512);
    const std::string_view signature = "verity";
    std::ranges::copy(signature, bytes.begin());
    bytes[8] = 1;
    bytes[12] = 1;
    for (std::uint8_t index = 0; index < 16; ++index) bytes[16 + index] = index;
    std::ranges::copy(std::string_view("sha256"), bytes.begin() + 32);
    bytes[65] = 0x10;  // 4096
    bytes[69] = 0x10;
    bytes[72] = 5;
    bytes[80] = 2;
    bytes[88] = 0xab;
    bytes[89] = 0xcd;
    return bytes;
}

TEST(RootHash, KeepsItsTextForm) {
    const RootHash hash = RootHash::parse(digits);
    EXPECT_EQ(hash.to_text(), digits);
    EXPECT_EQ(to_hex(hash.first_half()), digits.substr(0, 32));
}

TEST(RootHash, RefusesOtherText) {
    EXPECT_THROW(RootHash::parse(""), UsageError);
    EXPECT_THROW(RootHash::parse(digits.substr(2)), UsageError);
    EXPECT_THROW(RootHash::parse(digits + "00"), UsageError);
    EXPECT_FALSE(RootHash::find("zz" + digits.substr(2)));
}

TEST(VeritySuperblock, ReadsEachField) {
    const auto superblock = find_verity_superblock(make_superblock());
    ASSERT_TRUE(superblock);
    EXPECT_EQ(superblock->uuid[15], 15);
    EXPECT_EQ(superblock->data_blocks, 5U);
    EXPECT_EQ(superblock->salt, (std::vector<std::uint8_t>{0xab, 0xcd}));
}

TEST(VeritySuperblock, RefusesOtherSettings) {
    for (const std::size_t at : {0, 8, 12, 33, 38, 65, 69, 72, 81}) {
        auto bytes = make_superblock();
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 5);
        EXPECT_FALSE(find_verity_superblock(bytes)) << at;
    }
    EXPECT_FALSE(find_verity_superblock(std::vector<std::uint8_t>(511)));
}

TEST(VerityTable, IsTheKernelsLine) {
    const auto superblock = *find_verity_superblock(make_superblock());
    const RootHash hash = RootHash::parse(digits);
    EXPECT_EQ(make_verity_table(superblock, hash, "253:2", "253:3", OnCorruption::report),
              "1 253:2 253:3 4096 4096 5 1 sha256 " + digits + " abcd");
    EXPECT_TRUE(make_verity_table(superblock, hash, "253:2", "253:3", OnCorruption::panic)
                    .ends_with(" abcd 1 panic_on_corruption"));
}

// What veritysetup writes is what images hold.
TEST(VeritySuperblock, ReadsWhatVeritysetupWrites) {
    if (!find_program("veritysetup")) GTEST_SKIP() << "veritysetup is not installed";
    const TemporaryDirectory directory;
    write_file(directory.path() / "data", std::string(8 * 4096, 'x'));
    run_command_checked({.arguments = {"veritysetup", "format", "--uuid=00010203-0405-0607-0809-0a0b0c0d0e0f",
                                       "--salt=abcd", directory.path() / "data", directory.path() / "tree"}});
    const std::string tree = read_file(directory.path() / "tree");
    const auto superblock =
        find_verity_superblock({reinterpret_cast<const std::uint8_t*>(tree.data()), tree.size()});
    ASSERT_TRUE(superblock);
    EXPECT_EQ(superblock->data_blocks, 8U);
    EXPECT_EQ(superblock->uuid[15], 15);
    EXPECT_EQ(to_hex(superblock->salt), "abcd");
}

}  // namespace
}  // namespace cairn::disks
