#include "installer/daemon/worker_pool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <latch>
#include <thread>

namespace cairn::daemon {
namespace {

TEST(WorkerPool, RefusesWhatIsTooMuchAtOnceAndTakesWorkAgainLater) {
    WorkerPool pool(2, std::chrono::milliseconds(0));
    std::latch begun(2);
    std::latch may_end(1);
    const auto work = [&] {
        begun.count_down();
        may_end.wait();
    };
    EXPECT_TRUE(pool.try_start(work));
    EXPECT_TRUE(pool.try_start(work));
    begun.wait();
    EXPECT_FALSE(pool.try_start([] {}));
    may_end.count_down();
    // The threads end at once, as nothing comes for them; then there is room.
    while (!pool.try_start([] {})) std::this_thread::yield();
}

TEST(WorkerPool, FinishingWaitsForAllWork) {
    std::atomic<int> done = 0;
    {
        WorkerPool pool(4, std::chrono::seconds(60));
        for (int number = 0; number < 4; ++number) EXPECT_TRUE(pool.try_start([&] { ++done; }));
    }
    EXPECT_EQ(done, 4);
}

TEST(WorkerPool, AThreadThatIsFreeIsUsedAgain) {
    WorkerPool pool(1, std::chrono::seconds(60));
    for (int number = 0; number < 100; ++number)
        while (!pool.try_start([] {})) std::this_thread::yield();
}

}  // namespace
}  // namespace cairn::daemon
