#include "installer/settings/transactions.h"

#include <gtest/gtest.h>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "tests/support/stop_after.h"
#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

using cairn::testing::run_and_stop_after;
using cairn::testing::Stopped;

class TransactionsTest : public ::testing::Test {
  protected:
    void patch(const char* text, const char* name = "tx") { transactions_.patch(name, Json::parse(text)); }
    std::uint64_t commit() { return transactions_.commit("tx", change_); }

    TemporaryDirectory work_;
    Schema schema_ = example_schema();
    Store store_{work_.path() / "s"};
    Transactions transactions_{work_.path() / "s", store_, schema_};
    Change change_{1'790'000'000, "admin", "tx"};
};

TEST_F(TransactionsTest, ChangeNothingUntilTheyAreCommitted) {
    patch(R"({"debug": true})");
    patch(R"({"motd": "hello"})");
    EXPECT_EQ(store_.current(), 0U);
    EXPECT_EQ(transactions_.names(), std::vector<std::string>{"tx"});
    EXPECT_EQ(transactions_.preview("tx").differences.size(), 2U);
    EXPECT_EQ(commit(), 1U);
    EXPECT_EQ(store_.read_current(), Json::parse(R"({"debug": true, "motd": "hello"})"));
    EXPECT_TRUE(transactions_.names().empty());
    EXPECT_THROW(commit(), UsageError) << "nothing is pending";
}

TEST_F(TransactionsTest, AreRefusedAsAWholeAndStay) {
    patch(R"({"debug": true})");
    patch(R"({"network": {"host_name": "TOO BIG"}})");
    EXPECT_EQ(transactions_.preview("tx").violations.size(), 1U);
    EXPECT_THROW(commit(), InvalidSettings);
    EXPECT_EQ(store_.current(), 0U);
    patch(R"({"network": {"host_name": "small"}})");
    EXPECT_EQ(commit(), 1U);
}

TEST_F(TransactionsTest, ApplyTheirPatchesInTurn) {
    patch(R"({"network": {"interfaces": {"old": {"mode": "dhcp"}}}})");
    commit();
    patch(R"({"network": {"interfaces": null}})");
    patch(R"({"network": {"interfaces": {"new": {"mode": "dhcp"}}}})");
    commit();
    EXPECT_EQ(store_.read_current(),
              Json::parse(R"({"network": {"interfaces": {"new": {"mode": "dhcp"}}}})"));
}

TEST_F(TransactionsTest, ApplyToWhatHoldsWhenTheyAreCommitted) {
    patch(R"({"debug": true})");
    patch(R"({"motd": "other"})", "other");
    transactions_.commit("other", change_);
    commit();
    EXPECT_EQ(store_.read_current(), Json::parse(R"({"debug": true, "motd": "other"})"));
}

TEST_F(TransactionsTest, AreDroppedWithoutATrace) {
    patch(R"({"debug": true})");
    transactions_.drop("tx");
    transactions_.drop("never");
    EXPECT_TRUE(transactions_.preview("tx").differences.empty());
}

TEST_F(TransactionsTest, AreBounded) {
    for (const char* name : {"", "../x", "A", "a.b"}) EXPECT_THROW(patch("{}", name), UsageError) << name;
    EXPECT_THROW(patch("[]"), UsageError);
    for (int i = 0; i < 16; ++i) patch(R"({"debug": true})", std::format("t{}", i).c_str());
    EXPECT_THROW(patch(R"({"debug": true})", "one_more"), UsageError);
    patch(R"({"debug": false})", "t3");
    const Json large = {{"motd", std::string(2 << 20, 'x')}};
    EXPECT_THROW(transactions_.patch("t3", large), UsageError);
}

TEST_F(TransactionsTest, AreCommittedOrPendingAfterEveryStop) {
    const auto place = work_.path() / "crash";
    std::size_t pending = 0;
    std::size_t stops = 0;
    for (std::size_t step = 1;; ++step, ++stops) {
        remove_tree(place);
        Store store(place);
        Transactions transactions(place, store, schema_);
        transactions.patch("tx", Json::parse(R"({"debug": true})"));
        const Stopped result = run_and_stop_after(step, [&] { transactions.commit("tx", change_); });
        ASSERT_FALSE(result.has_failed);
        if (!result.was_stopped) break;
        if (!transactions.names().empty()) {
            ++pending;
            ASSERT_EQ(transactions.commit("tx", change_), 1U);
        }
        ASSERT_EQ(store.read_current(), Json::parse(R"({"debug": true})")) << "stopped after step " << step;
    }
    std::println("transaction: {} stops, {} of them left it pending", stops, pending);
    EXPECT_GT(pending, 10U);
}

}  // namespace
}  // namespace cairn::settings
