#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/fd.h"

/// Child processes: started directly (never through a shell), always reaped.
namespace cairn {

struct Command {
    std::vector<std::string> arguments;         // [0] is looked up in PATH
    std::filesystem::path directory = {};       // empty: the current one
    std::vector<std::string> environment = {};  // "NAME=value", added to (and overriding) our own environment
    bool clean_environment = false;             // true: only `environment`
    std::string input = {};                     // given as standard input; empty: /dev/null
    std::optional<std::filesystem::path> output = {};  // standard output and error go to this file instead
};

struct CommandResult {
    int status = 0;      // exit code, or 128 + signal number
    std::string output;  // standard output
    std::string error;   // standard error
};

/// Runs a command to its end and gives its result, whatever the status. Throws SystemError if it cannot be
/// started.
CommandResult run_command(const Command& command);
/// The same, but a status other than 0 throws CommandError with the last lines that it printed. Gives its
/// output.
std::string run_command_checked(const Command& command);

/// A running child. Destroyed while running, the child is killed (SIGKILL) and reaped.
class Child {
  public:
    /// `inherited` descriptors are passed on under the given numbers: {our fd, number in the child}.
    static Child start(const Command& command, const std::vector<std::pair<int, int>>& inherited = {});
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    pid_t pid() const { return pid_; }
    void send_signal(int signal_number) const;
    /// Waits for the end; exit code or 128 + signal number.
    int wait();
    /// Empty while it still runs after `timeout`.
    std::optional<int> wait_for(std::chrono::milliseconds timeout);

  private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
};

/// Where `program` is found in PATH (or itself, when it is a path to an executable).
std::optional<std::filesystem::path> find_program(std::string_view program);
std::optional<std::string> find_environment(const char* name);

}  // namespace cairn
