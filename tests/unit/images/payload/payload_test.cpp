#include "images/payload/payload.h"

#include <gtest/gtest.h>

#include "images/payload/frames_index.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/error.h"
#include "tests/support/made_up_root.h"

namespace cairn::payload {
namespace {

namespace fs = std::filesystem;
using testing::make_payload_of;
using testing::make_root;

class PayloadTest : public ::testing::Test {
  protected:
    fs::path file(const Payload& payload, const std::string& ending) const {
        return directory_.path() / "payload" / (payload.root_hash.to_hex() + ending);
    }
    FramesIndex read_index(const Payload& payload) const {
        const std::string text = read_file(file(payload, ".frames.idx"));
        return parse_frames_index(testing::bytes_of(text), "index");
    }
    TemporaryDirectory directory_;
};

TEST_F(PayloadTest, FramesUnpackToTheRoot) {
    for (const std::uint64_t blocks : {1, 2, 31, 33, 500}) {
        const std::string root = make_root(blocks, 1);
        const Payload payload = make_payload_of(root, directory_.path());
        const std::string frames = read_file(file(payload, ".frames"));
        std::string unpacked;
        for (const Frame& frame : read_index(payload).frames)
            unpacked += archive::decompress_zstd(frames.substr(frame.offset, frame.size), 32 * 4096);
        EXPECT_TRUE(unpacked == root) << blocks;
        EXPECT_EQ(payload.frames_size, frames.size());
    }
}

TEST_F(PayloadTest, TreeIsThatOfTheHashPartitionWithoutSuperblock) {
    const Payload payload = make_payload_of(make_root(300, 2), directory_.path());
    EXPECT_TRUE(read_file(file(payload, ".tree")) ==
                read_file(directory_.path() / "root.verity").substr(4096));
    EXPECT_EQ(payload.tree_size, 4U * 4096);  // three nodes of 128 hashes, one above
}

TEST_F(PayloadTest, DescribesWhatItWrote) {
    const Payload payload = make_payload_of(make_root(300, 2), directory_.path());
    EXPECT_EQ(payload.frames_index, crypto::hash_file_sha256(file(payload, ".frames.idx")));
    EXPECT_EQ(payload.frames_index_size, fs::file_size(file(payload, ".frames.idx")));
    EXPECT_EQ(payload.data_blocks, 300U);
}

TEST_F(PayloadTest, SameInputGivesSameBytesWithAnyNumberOfThreads) {
    const std::string root = make_root(3000, 3);
    const Payload first = make_payload_of(root, directory_.path());
    const std::string frames = read_file(file(first, ".frames"));
    const Payload second = make_payload({.root = directory_.path() / "root.erofs",
                                         .verity = directory_.path() / "root.verity",
                                         .root_hash = first.root_hash,
                                         .output = directory_.path() / "payload",
                                         .level = 3,
                                         .threads = 1});
    EXPECT_EQ(first, second);
    EXPECT_TRUE(read_file(file(first, ".frames")) == frames);
}

TEST_F(PayloadTest, FramesAreSmallAndMostEndWithAFile) {
    const Payload payload = make_payload_of(make_root(2000, 4), directory_.path());
    const std::string root = read_file(directory_.path() / "root.erofs");
    std::size_t at_file_ends = 0;
    const FramesIndex index = read_index(payload);
    for (const Frame& frame : index.frames) {
        EXPECT_LE(frame.blocks, most_blocks_per_frame);
        const std::uint64_t end = (frame.first_block + frame.blocks) * 4096;
        if (root.compare(end - 16, 16, std::string(16, '\0')) == 0) ++at_file_ends;
    }
    EXPECT_GT(at_file_ends, index.frames.size() * 9 / 10);
}

TEST_F(PayloadTest, RootTreeAndRootHashMustBelongTogether) {
    const Payload payload = make_payload_of(make_root(300, 5), directory_.path());
    PayloadRequest request{.root = directory_.path() / "root.erofs",
                           .verity = directory_.path() / "root.verity",
                           .root_hash = payload.root_hash,
                           .output = directory_.path() / "other",
                           .level = 3};
    const auto flip = [](const fs::path& path, std::size_t place) {
        std::string bytes = read_file(path);
        bytes[place] ^= 1;
        write_file(path, bytes);
    };
    for (const auto& [path, place] : {std::pair{request.root, std::size_t{299 * 4096 + 7}},
                                      std::pair{request.verity, std::size_t{4096 + 3}},
                                      std::pair{request.verity, std::size_t{2 * 4096 + 3}}}) {
        flip(path, place);
        EXPECT_THROW(make_payload(request), VerifyError) << path << " " << place;
        EXPECT_FALSE(fs::exists(request.output / (payload.root_hash.to_hex() + ".frames.idx")));
        flip(path, place);
    }
    request.root_hash = crypto::hash_sha256("another");
    EXPECT_THROW(make_payload(request), VerifyError);
}

TEST_F(PayloadTest, IsFoundAgainWithoutBeingMade) {
    const Payload made = make_payload_of(make_root(300, 5), directory_.path());
    EXPECT_EQ(find_payload(directory_.path() / "payload", made.root_hash), made);
    EXPECT_EQ(find_payload(directory_.path() / "payload", crypto::hash_sha256("another")), std::nullopt);
    for (const char* ending : {".tree", ".frames"}) {
        fs::resize_file(file(made, ending), fs::file_size(file(made, ending)) - 1);
        EXPECT_THROW(find_payload(directory_.path() / "payload", made.root_hash), VerifyError);
        make_payload_of(make_root(300, 5), directory_.path());
    }
}

TEST_F(PayloadTest, RootMustBeWholeBlocks) {
    make_payload_of(make_root(3, 6), directory_.path());
    write_file(directory_.path() / "root.erofs", std::string(4097, 'x'));
    EXPECT_THROW(make_payload({.root = directory_.path() / "root.erofs",
                               .verity = directory_.path() / "root.verity",
                               .root_hash = {},
                               .output = directory_.path() / "payload"}),
                 Error);
}

}  // namespace
}  // namespace cairn::payload
