#include "installer/slots/boot_record.h"

#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::slots {
namespace {

BootEvent make_attempt(const std::string& boot) {
    return {.boot = boot, .time = 12, .root_hash = "abcd", .slot = "a", .boot_file = "base_1.0.0.efi"};
}

TEST(BootRecord, KeepsEventsInOrder) {
    const TemporaryDirectory directory;
    const auto record = directory.path() / "boots";
    const BootEvent attempt = make_attempt("1");
    const BootEvent failure = {
        .boot = "1", .time = 15, .kind = BootEventKind::failure, .message = "cannot mount\nthe \"root\""};
    append_boot_event(record, attempt);
    append_boot_event(record, failure);
    EXPECT_EQ(read_boot_record(record), (std::vector{attempt, failure}));
}

TEST(BootRecord, IsEmptyWithoutAFile) {
    EXPECT_TRUE(read_boot_record("/nowhere/boots").empty());
}

TEST(BootRecord, ATornLineCostsNoOther) {
    const TemporaryDirectory directory;
    const auto record = directory.path() / "boots";
    append_boot_event(record, make_attempt("1"));
    append_boot_event(record, make_attempt("2"));
    std::filesystem::resize_file(record, std::filesystem::file_size(record) - 5);
    append_boot_event(record, make_attempt("3"));
    EXPECT_EQ(read_boot_record(record), (std::vector{make_attempt("1"), make_attempt("3")}));
}

TEST(BootRecord, StaysBounded) {
    const TemporaryDirectory directory;
    const auto record = directory.path() / "boots";
    for (int boot = 0; boot < 100; ++boot) {
        BootEvent event = make_attempt(std::to_string(boot));
        event.message = std::string(5000, 'x');
        append_boot_event(record, event);
        ASSERT_LE(std::filesystem::file_size(record), 256 * 1024);
    }
    const auto events = read_boot_record(record);
    EXPECT_EQ(events.back().boot, "99");
    EXPECT_GT(events.size(), 10U);
}

TEST(BootRecord, BytesThatAreNoTextCostNoLine) {
    const TemporaryDirectory directory;
    const auto record = directory.path() / "boots";
    BootEvent event = make_attempt("1");
    event.message = "\xff\xfe";
    append_boot_event(record, event);
    EXPECT_EQ(read_boot_record(record).size(), 1U);
}

}  // namespace
}  // namespace cairn::slots
