#include "tests/unit/installer/update/slot_fixture.h"

namespace cairn::update {
namespace {

using ::testing::HasSubstr;

/// Servers that lie, break off or hang: refused with the reason, never a superblock, and a later run with a
/// good server goes on.
class Hostile : public SlotTest {
  protected:
    template <class Kind>
    std::string refusal() {
        try {
            fill();
        } catch (const Error& error) {
            EXPECT_FALSE(has_superblock());
            if (dynamic_cast<const Kind*>(&error) == nullptr) return "another error: " + error.report();
            return error.report();
        }
        return "no error";
    }
    void expect_good_end() {
        publish(new_root_);
        fill();
        expect_idle_is_whole();
    }
    void serve_changed(const std::string& ending, std::size_t place) {
        std::string content = payload_file(ending);
        content[place] ^= 1;
        server_.serve(path_of(ending), content);
    }
};

TEST_F(Hostile, ChangedNodeOfTheTree) {
    serve_changed(".tree", 7);
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("is not the tree of the root: node 0 is another"));
    serve_changed(".tree", wanted_.tree_size - 4000);
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("node 8 is another"));
    expect_good_end();
}

TEST_F(Hostile, TruncatedTree) {
    for (const bool has_ranges : {true, false})
        for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{5 * 4096 + 1}}) {
            server_.serve(path_of(".tree"),
                          {.content = payload_file(".tree").substr(0, size), .has_ranges = has_ranges});
            EXPECT_THAT(refusal<NetworkError>(), HasSubstr(".tree'")) << size;
        }
    expect_good_end();
}

TEST_F(Hostile, ChangedIndex) {
    serve_changed(".frames.idx", 30);
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("is not the index that image.json names"));
    server_.serve(path_of(".frames.idx"), payload_file(".frames.idx").substr(0, 40));
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr("is not the index that image.json names"));
    server_.serve(path_of(".frames.idx"), payload_file(".frames.idx") + "more");
    EXPECT_THAT(refusal<Error>(), HasSubstr("larger than"));
    expect_good_end();
}

TEST_F(Hostile, ChangedFrames) {
    std::string content = payload_file(".frames");
    for (char& byte : content) byte ^= 0x10;
    server_.serve(path_of(".frames"), content);
    EXPECT_THAT(refusal<VerifyError>(), HasSubstr(".frames'"));
    expect_good_end();
}

/// Frames that unpack well, to other blocks.
TEST_F(Hostile, FramesOfAnotherRoot) {
    const FillRequest right = request();
    std::string other = new_root_;
    for (std::size_t at = 0; at < other.size(); at += block_size) other[at + 5] ^= 1;
    const payload::Payload lie = testing::make_payload_of(other, directory_.path());
    const std::string lying = "/payload/" + lie.root_hash.to_hex();
    server_.serve(path_of(".frames"), read_file(directory_.path() / (lying.substr(1) + ".frames")));
    server_.serve(path_of(".frames.idx"), read_file(directory_.path() / (lying.substr(1) + ".frames.idx")));
    FillRequest request = right;  // as if image.json named that index
    request.wanted.frames_index = lie.frames_index;
    request.wanted.frames_index_size = lie.frames_index_size;
    try {
        fill(request);
        FAIL() << "no error";
    } catch (const VerifyError& error) {
        EXPECT_THAT(error.message(), HasSubstr("is not what the root hash says: block"));
    }
    EXPECT_FALSE(has_superblock());
    expect_good_end();
}

TEST_F(Hostile, TruncatedFrames) {
    for (const bool has_ranges : {true, false}) {
        server_.serve(path_of(".frames"),
                      {.content = payload_file(".frames").substr(0, wanted_.frames_size / 2),
                       .has_ranges = has_ranges});
        EXPECT_THAT(refusal<NetworkError>(), HasSubstr(".frames'")) << has_ranges;
    }
    expect_good_end();
}

TEST_F(Hostile, MissingFiles) {
    for (const char* ending : {".frames", ".frames.idx", ".tree"}) {
        server_.serve(path_of(ending), {.content = "no", .status = 404});
        EXPECT_THAT(refusal<NetworkError>(), HasSubstr("the server does not have it")) << ending;
    }
    expect_good_end();
}

TEST_F(Hostile, SilentServer) {
    server_.serve(path_of(".frames"),
                  {.content = payload_file(".frames"), .pause = std::chrono::seconds(60)});
    EXPECT_THAT(refusal<NetworkError>(), HasSubstr("after 2 attempts"));
    expect_good_end();
}

TEST_F(Hostile, DeadNetworkIsGoneOnFromWhereItEnded) {
    server_.serve(path_of(".frames"), {.content = payload_file(".frames"), .status = 503});
    EXPECT_THAT(refusal<NetworkError>(), HasSubstr("503"));
    publish(new_root_);
    const FillResult rest = fill();
    expect_idle_is_whole();
    EXPECT_EQ(rest.bytes_of_tree, 0U) << "the slot has it from the first run";
    EXPECT_EQ(rest.blocks_copied, 0U);
    EXPECT_GT(rest.blocks_fetched, 0U);
}

}  // namespace
}  // namespace cairn::update
