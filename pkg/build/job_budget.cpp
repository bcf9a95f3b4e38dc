#include "pkg/build/job_budget.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <format>
#include <utility>
#include <vector>

#include "pkg/base/error.h"

namespace cairn::build {
namespace {

/// One byte out of the pipe, if there is one now. Other readers (make) take bytes at any moment and need the
/// pipe in blocking mode, so it is opened a second time, without blocking, through /proc.
bool take_byte(int fd) {
    char byte;
    while (true) {
        const ssize_t count = ::read(fd, &byte, 1);
        if (count < 0 && errno == EINTR) continue;
        return count == 1;
    }
}

Fd reopen_without_blocking(int fd) {
    return open_file(std::format("/proc/self/fd/{}", fd), O_RDONLY | O_NONBLOCK);
}

}  // namespace

JobBudget::JobBudget(unsigned jobs) : jobs_(jobs) {
    CHECK(jobs > 0);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make the pipe of the job budget");
    read_ = Fd(ends[0]);
    write_ = Fd(ends[1]);
    refill();
}

JobBudget::Share::Share(Share&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), extra_(other.extra_) {}

JobBudget::Share::~Share() {
    if (budget_ != nullptr) budget_->give_back(extra_);
}

JobBudget::Share JobBudget::take(Client client) {
    const Fd reader = reopen_without_blocking(read_.get());
    while (!take_byte(reader.get())) {
        {
            // A build that died kept what its make had taken. When nothing runs, the pipe must be full.
            const std::lock_guard guard(mutex_);
            if (running_ == 0) refill();
        }
        pollfd waiting{reader.get(), POLLIN, 0};
        ::poll(&waiting, 1, 200);
    }
    {
        const std::lock_guard guard(mutex_);
        ++running_;
    }
    unsigned extra = 0;
    if (client == Client::fixed)
        while (extra + 1 < jobs_ && take_byte(reader.get())) ++extra;
    return {this, extra};
}

void JobBudget::give_back(unsigned extra) {
    const std::lock_guard guard(mutex_);
    --running_;
    if (running_ == 0) return refill();
    const std::vector<std::uint8_t> bytes(extra + 1, '+');
    write_all(write_.get(), bytes, "job budget");
}

void JobBudget::refill() {
    const Fd reader = reopen_without_blocking(read_.get());
    while (take_byte(reader.get())) {
    }
    const std::vector<std::uint8_t> bytes(jobs_, '+');
    write_all(write_.get(), bytes, "job budget");
}

std::string JobBudget::makeflags(int read_number, int write_number) const {
    return std::format("-j{} --jobserver-auth={},{}", jobs_, read_number, write_number);
}

}  // namespace cairn::build
