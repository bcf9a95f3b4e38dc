#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace cairn::daemon {

/// Threads that come when there is work and go when there has been none for a while. Their stacks are small
/// and of the same size on every system, so that tests show what the device has.
class WorkerPool {
  public:
    static constexpr std::size_t stack_bytes = std::size_t{256} << 10;

    WorkerPool(std::size_t most_threads, std::chrono::milliseconds idle) : most_(most_threads), idle_(idle) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    /// As finish().
    ~WorkerPool() { finish(); }

    /// Has `work`, which must not throw, done by a thread of its own. False when all threads are busy and no
    /// more may be started, or the system gives none.
    bool try_start(std::function<void()> work);

    /// Waits for all work and ends all threads.
    void finish();

  private:
    static void* run_thread(void* pool);
    void run();
    bool add_thread();
    void join_ended();

    const std::size_t most_;
    const std::chrono::milliseconds idle_;
    std::mutex mutex_;
    std::condition_variable work_there_;
    std::condition_variable thread_ended_;
    std::deque<std::function<void()>> work_;  // all guarded by mutex_
    std::size_t threads_ = 0;
    std::size_t waiting_ = 0;
    std::vector<pthread_t> ended_;  // to be joined
    bool is_finishing_ = false;
};

}  // namespace cairn::daemon
