#include "installer/daemon/worker_pool.h"

namespace cairn::daemon {

bool WorkerPool::try_start(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    if (is_finishing_) return false;
    if (waiting_ <= work_.size() && (threads_ >= most_ || !add_thread())) return false;
    work_.push_back(std::move(work));
    work_there_.notify_one();
    return true;
}

bool WorkerPool::add_thread() {
    join_ended();
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_t thread;
    const bool is_there = pthread_create(&thread, &attributes, run_thread, this) == 0;
    pthread_attr_destroy(&attributes);
    if (is_there) {
        ++threads_;
        ++waiting_;  // for the work that comes with it
    }
    return is_there;
}

void* WorkerPool::run_thread(void* pool) {
    static_cast<WorkerPool*>(pool)->run();
    return nullptr;
}

void WorkerPool::run() {
    std::unique_lock lock(mutex_);
    while (work_there_.wait_for(lock, idle_, [this] { return !work_.empty() || is_finishing_; }) &&
           !work_.empty()) {
        --waiting_;
        {
            const std::function<void()> work = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            work();
        }
        lock.lock();
        ++waiting_;
    }
    --waiting_;
    --threads_;
    ended_.push_back(pthread_self());
    thread_ended_.notify_all();
}

/// None of them takes the lock again, which is held here.
void WorkerPool::join_ended() {
    for (const pthread_t thread : ended_) pthread_join(thread, nullptr);
    ended_.clear();
}

void WorkerPool::finish() {
    std::unique_lock lock(mutex_);
    is_finishing_ = true;
    work_there_.notify_all();
    thread_ended_.wait(lock, [this] { return threads_ == 0; });
    join_ended();
}

}  // namespace cairn::daemon
