#include "images/assemble/verity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/verity_format.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::assemble {
namespace {

constexpr std::string_view veritysetup = "/usr/sbin/veritysetup";

std::string text_of(const std::vector<std::uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

class Verity : public testing::Test {
  protected:
    std::filesystem::path write_data(std::uint64_t blocks) {
        std::string data(blocks * layout::verity_block_size, '\0');
        for (std::size_t index = 0; index < data.size(); index += 64)
            data[index] = static_cast<char>(index / 977);
        const auto path = directory_.path() / "data";
        write_file(path, data);
        return path;
    }
    TemporaryDirectory directory_;
};

// One block, one level, a level's border, two levels, several pieces for the threads, three levels.
TEST_F(Verity, WritesTheBytesOfVeritysetup) {
    for (const std::uint64_t blocks : {1, 2, 128, 129, 777, 16385}) {
        const auto data = write_data(blocks);
        const VerityTree tree = make_verity_tree(data, 2);
        const auto expected = directory_.path() / "expected";
        remove_tree(expected);
        const std::string root = tree.root_hash.to_hex();
        const std::string uuid = std::format("{}-{}-{}-{}-{}", root.substr(0, 8), root.substr(8, 4),
                                             root.substr(12, 4), root.substr(16, 4), root.substr(20, 12));
        const std::string output = run_command_checked(
            {.arguments = {std::string(veritysetup), "format", "--salt", to_hex(layout::verity_salt),
                           "--uuid", uuid, data.string(), expected.string()}});
        EXPECT_THAT(output, testing::HasSubstr(root)) << blocks;
        EXPECT_TRUE(read_file(expected) == text_of(tree.bytes)) << blocks;
        EXPECT_EQ(verity_tree_size(blocks * layout::verity_block_size), tree.bytes.size()) << blocks;
    }
}

TEST_F(Verity, VeritysetupRefusesAChangedByte) {
    const auto data = write_data(300);
    const VerityTree tree = make_verity_tree(data, 2);
    const auto hashes = directory_.path() / "hashes";
    write_file(hashes, text_of(tree.bytes));
    const Command verify = {.arguments = {std::string(veritysetup), "verify", data.string(), hashes.string(),
                                          tree.root_hash.to_hex()}};
    EXPECT_EQ(run_command(verify).status, 0);
    std::string changed = read_file(data);
    changed[299 * 4096 + 5] ^= 1;
    write_file(data, changed);
    EXPECT_NE(run_command(verify).status, 0);
}

TEST_F(Verity, OneThreadOrManyGiveTheSameTree) {
    const auto data = write_data(2000);
    EXPECT_EQ(make_verity_tree(data, 1), make_verity_tree(data, 4));
}

TEST_F(Verity, DataMustBeWholeBlocks) {
    const auto path = directory_.path() / "data";
    write_file(path, "");
    EXPECT_THROW(make_verity_tree(path, 1), Error);
    write_file(path, std::string(4097, 'x'));
    EXPECT_THROW(make_verity_tree(path, 1), Error);
}

}  // namespace
}  // namespace cairn::assemble
