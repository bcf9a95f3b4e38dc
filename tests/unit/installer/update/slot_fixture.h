#pragma once

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "installer/update/fill_slot.h"
#include "pkg/base/error.h"
#include "pkg/net/curl_transport.h"
#include "tests/support/http_server.h"
#include "tests/support/made_up_root.h"

namespace cairn::update {

/// Two slots in two files, at places other than 0, and a server with the payload of a new root.
class SlotTest : public ::testing::Test {
  protected:
    static constexpr std::uint64_t root_offset = 3 * block_size;
    static constexpr std::uint64_t slot_blocks = 1200;
    static constexpr std::uint64_t verity_offset = root_offset + (slot_blocks + 2) * block_size;
    static constexpr std::uint64_t verity_blocks = 16;

    static net::CurlOptions quick() {
        return {.connect_timeout = std::chrono::seconds(2),
                .low_speed_bytes = 2000,
                .low_speed_time = std::chrono::seconds(1),
                .attempts = 2,
                .first_delay = std::chrono::milliseconds(1)};
    }

    /// An old root, and a new one that shares most of it: blocks moved behind an insertion, some changed.
    void SetUp() override {
        old_root_ = testing::make_root(900, 1);
        new_root_ = old_root_.substr(0, 400 * block_size) + testing::make_root(37, 2) +
                    old_root_.substr(400 * block_size, 300 * block_size) + testing::make_root(60, 3) +
                    old_root_.substr(760 * block_size);
        write_slot("running", old_root_, testing::make_verity(testing::make_tree_of(old_root_)));
        write_slot("idle", std::string(slot_blocks * block_size, '\x5a'),
                   std::string(verity_blocks * block_size, '\x5a'));
        publish(new_root_);
        running_ = open("running", O_RDONLY);
        idle_ = open("idle", O_RDWR);
    }

    void write_slot(const std::string& name, const std::string& root, const std::string& verity) {
        std::string bytes((verity_offset / block_size + verity_blocks + 1) * block_size, '\xee');
        bytes.replace(root_offset, root.size(), root);
        bytes.replace(verity_offset, verity.size(), verity);
        write_file(directory_.path() / name, bytes);
    }
    void publish(const std::string& root) {
        wanted_ = testing::make_payload_of(root, directory_.path());
        for (const char* ending : {".tree", ".frames", ".frames.idx"})
            server_.serve(path_of(ending), payload_file(ending));
    }
    std::string path_of(const std::string& ending) const {
        return "/payload/" + wanted_.root_hash.to_hex() + ending;
    }
    std::string payload_file(const std::string& ending) const {
        return read_file(directory_.path() / path_of(ending).substr(1));
    }
    Fd open(const std::string& name, int flags) const { return open_file(directory_.path() / name, flags); }

    static Slot slot_of(const Fd& file, const std::string& name) {
        return {
            .root = {.fd = file.get(), .offset = root_offset, .size = slot_blocks * block_size, .name = name},
            .verity = {.fd = file.get(),
                       .offset = verity_offset,
                       .size = verity_blocks * block_size,
                       .name = name + " tree"}};
    }
    FillRequest request() const {
        const payload::Tree old_tree = testing::make_tree_of(old_root_);
        return {.wanted = wanted_,
                .idle = slot_of(idle_, "idle"),
                .running = SourceSlot{.slot = slot_of(running_, "running"),
                                      .root_hash = old_tree.root_hash,
                                      .data_blocks = old_tree.shape.data_blocks},
                .payload = server_.address("/payload"),
                .proxy = ""};
    }
    FillResult fill(const FillRequest& request) {
        net::CurlTransport transport(quick());
        return fill_slot(request, transport);
    }
    FillResult fill() { return fill(request()); }

    /// Of the idle slot; empty when there is no superblock (zeros, or what was there before the first run).
    bool has_superblock() const {
        return read_file(directory_.path() / "idle").substr(verity_offset, 6) == "verity";
    }
    void expect_idle_is_whole() const {
        const std::string bytes = read_file(directory_.path() / "idle");
        EXPECT_TRUE(bytes.substr(root_offset, new_root_.size()) == new_root_);
        const std::string verity = testing::make_verity(testing::make_tree_of(new_root_));
        EXPECT_TRUE(bytes.substr(verity_offset, verity.size()) == verity);
        const std::string between(2 * block_size, '\xee');
        EXPECT_EQ(bytes.substr(0, root_offset), std::string(root_offset, '\xee'));
        EXPECT_TRUE(bytes.substr(verity_offset - between.size(), between.size()) == between);
        EXPECT_TRUE(bytes.substr(bytes.size() - block_size) == std::string(block_size, '\xee'));
    }

    TemporaryDirectory directory_;
    support::HttpServer server_;
    std::string old_root_;
    std::string new_root_;
    payload::Payload wanted_;
    Fd running_;
    Fd idle_;
};

}  // namespace cairn::update
