#include "pkg/store/store.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::store {
namespace {

namespace fs = std::filesystem;

BuildRecord make_record(const std::string& recipe, std::string_view content) {
    return {.recipe = recipe,
            .architecture = "x86_64",
            .key = crypto::hash_blake2b(content),
            .output = crypto::hash_blake2b("output"),
            .inputs = {{"version", "1"}},
            .duration = std::chrono::milliseconds(1500),
            .size = 42};
}

TEST(Store, GivesBackWhatWasRecorded) {
    const TemporaryDirectory directory;
    const Store store = Store::open(directory.path());
    const BuildRecord record = make_record("zlib", "key");
    EXPECT_FALSE(store.find_record(record.key));
    store.write_record(record);
    EXPECT_EQ(store.find_record(record.key)->output, record.output);
    EXPECT_EQ(store.find_latest("zlib", "x86_64")->key, record.key);
    EXPECT_FALSE(store.find_latest("zlib", "aarch64"));
}

TEST(Store, TornRecordCountsAsAbsent) {
    const TemporaryDirectory directory;
    const Store store = Store::open(directory.path());
    const BuildRecord record = make_record("zlib", "key");
    store.write_record(record);
    const fs::path file = directory.path() / "records" / (record.key.to_hex() + ".json");
    const std::string whole = read_file(file);
    for (std::size_t length = 0; length + 1 < whole.size(); length += 7) {
        write_file(file, whole.substr(0, length));
        EXPECT_FALSE(store.find_record(record.key)) << length;
    }
}

TEST(Store, SameOutputTwiceIsKeptOnce) {
    const TemporaryDirectory directory;
    const Store store = Store::open(directory.path());
    const crypto::Hash output = crypto::hash_blake2b("output");
    for (int i = 0; i < 2; ++i) {
        WorkDirectory work = store.make_work_directory("x");
        make_directories(work.path() / "out" / "stage");
        write_file(work.path() / "out" / "stage" / "f", "x");
        store.put_output(work.path() / "out", output);
    }
    EXPECT_TRUE(store.has_output(output));
    EXPECT_EQ(std::distance(fs::directory_iterator(directory.path() / "outputs"), fs::directory_iterator()),
              1);
}

TEST(Store, SweepRemovesOnlyWhatNobodyHolds) {
    const TemporaryDirectory directory;
    const Store store = Store::open(directory.path());
    const WorkDirectory held = store.make_work_directory("held");
    make_directories(directory.path() / "work" / "left-behind" / "build");
    store.sweep_work();
    EXPECT_TRUE(fs::exists(held.path()));
    EXPECT_FALSE(fs::exists(directory.path() / "work" / "left-behind"));
}

}  // namespace
}  // namespace cairn::store
