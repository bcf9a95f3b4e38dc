#include "pkg/build/job_budget.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace cairn::build {
namespace {

using Client = JobBudget::Client;

TEST(JobBudget, FixedClientTakesWhatIsFree) {
    JobBudget budget(4);
    const JobBudget::Share first = budget.take(Client::jobserver);
    EXPECT_EQ(first.jobs(), 1u);
    const JobBudget::Share second = budget.take(Client::fixed);
    EXPECT_EQ(second.jobs(), 3u);
}

TEST(JobBudget, WaitsWhileAllJobsAreTaken) {
    JobBudget budget(1);
    std::atomic<bool> has_second = false;
    std::thread waiter;
    {
        const JobBudget::Share first = budget.take(Client::jobserver);
        waiter = std::thread([&] {
            const JobBudget::Share second = budget.take(Client::jobserver);
            has_second = true;
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_FALSE(has_second);
    }
    waiter.join();
    EXPECT_TRUE(has_second);
}

TEST(JobBudget, JobsThatADeadBuildKeptComeBack) {
    JobBudget budget(2);
    {
        const JobBudget::Share share = budget.take(Client::jobserver);
        char stolen;
        ASSERT_EQ(::read(budget.read_fd(), &stolen, 1), 1);
    }
    EXPECT_EQ(budget.take(Client::fixed).jobs(), 2u);
}

}  // namespace
}  // namespace cairn::build
