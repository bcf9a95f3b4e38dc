#pragma once

#include <mutex>
#include <string>

#include "pkg/base/fd.h"

namespace cairn::build {

/// The one budget of parallel jobs that all builds of a run share: GNU make's jobserver, a pipe holding one
/// byte for each job that may start. Each running recipe has one job of its own (`Share`); make takes more by
/// itself, and a recipe that builds with something else (ninja) is given what is free when it starts. See GNU
/// make manual, «POSIX Jobserver Interaction».
class JobBudget {
  public:
    /// `jobs` is at least 1. Throws SystemError.
    explicit JobBudget(unsigned jobs);

    /// One recipe's part; given back when destroyed.
    class Share {
      public:
        Share(Share&& other) noexcept;
        Share& operator=(Share&&) = delete;
        ~Share();
        /// How many jobs a tool that does not know the jobserver may run: its own and those reserved for it.
        unsigned jobs() const { return 1 + extra_; }

      private:
        friend class JobBudget;
        Share(JobBudget* budget, unsigned extra) : budget_(budget), extra_(extra) {}
        JobBudget* budget_;  // borrowed; null after a move
        unsigned extra_;
    };

    enum class Client { jobserver, fixed };
    /// Waits until a job is free. A `fixed` client also takes the others that are free now and keeps them.
    Share take(Client client);

    int read_fd() const { return read_.get(); }
    int write_fd() const { return write_.get(); }
    unsigned jobs() const { return jobs_; }
    /// Value of MAKEFLAGS for a recipe that was handed both descriptors under these numbers.
    std::string makeflags(int read_number, int write_number) const;

  private:
    void give_back(unsigned extra);
    void refill();

    unsigned jobs_;
    Fd read_;
    Fd write_;
    std::mutex mutex_;
    unsigned running_ = 0;
};

}  // namespace cairn::build
