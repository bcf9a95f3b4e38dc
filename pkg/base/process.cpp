#include "pkg/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <format>
#include <map>
#include <span>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

extern char** environ;

namespace cairn {
namespace {

std::vector<std::string> full_environment(const Command& command) {
    std::map<std::string, std::string> merged;
    const auto add = [&merged](std::string_view line) {
        merged[std::string(line.substr(0, line.find('=')))] = line;
    };
    if (!command.clean_environment)
        for (char** line = environ; *line != nullptr; ++line) add(*line);
    for (const std::string& line : command.environment) add(line);
    std::vector<std::string> result;
    for (const auto& [name, line] : merged) result.push_back(line);
    return result;
}

std::vector<char*> as_pointers(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

int exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// What the child gets beside its arguments; posix_spawn reports a failed step or exec as its return value.
class SpawnActions {
  public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    void duplicate(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
    void open(int fd, const char* path, int flags) {
        posix_spawn_file_actions_addopen(&actions_, fd, path, flags, 0644);
    }
    void change_directory(const char* path) { posix_spawn_file_actions_addchdir_np(&actions_, path); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

pid_t spawn(const Command& command, SpawnActions& actions) {
    CHECK(!command.arguments.empty());
    if (!command.directory.empty()) actions.change_directory(command.directory.c_str());
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const std::vector<std::string> environment = full_environment(command);
    pid_t pid = -1;
    const int result = posix_spawnp(&pid, command.arguments[0].c_str(), actions.get(), &attributes,
                                    as_pointers(command.arguments).data(), as_pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    if (result != 0) throw SystemError(std::format("cannot run '{}'", command.arguments[0]), result);
    return pid;
}

struct Pipe {
    Fd read;
    Fd write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
    return {Fd(ends[0]), Fd(ends[1])};
}

/// Feeds `input` and collects both outputs until every end is closed.
void exchange(const std::string& input, Fd input_fd, Fd output_fd, Fd error_fd, CommandResult& result) {
    std::size_t sent = 0;
    if (input_fd.is_open()) ::fcntl(input_fd.get(), F_SETFL, O_NONBLOCK);
    std::array<std::uint8_t, 65536> buffer{};
    while (output_fd.is_open() || error_fd.is_open() || input_fd.is_open()) {
        std::array<pollfd, 3> fds{
            {{output_fd.get(), POLLIN, 0}, {error_fd.get(), POLLIN, 0}, {input_fd.get(), POLLOUT, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
            throw SystemError("cannot wait for a child's output");
        const auto collect = [&buffer](Fd& fd, short events, std::string& text) {
            if (!fd.is_open() || events == 0) return;
            const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
            if (count > 0)
                text.append(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(count));
            if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
        };
        collect(output_fd, fds[0].revents, result.output);
        collect(error_fd, fds[1].revents, result.error);
        if (input_fd.is_open() && fds[2].revents != 0) {
            const ssize_t count = ::write(input_fd.get(), input.data() + sent, input.size() - sent);
            if (count > 0) sent += static_cast<std::size_t>(count);
            if (sent == input.size() || (count < 0 && errno != EINTR && errno != EAGAIN)) input_fd.reset();
        }
    }
}

std::string last_lines(const std::string& text, std::size_t count) {
    const std::vector<std::string> lines = split(trim(text), '\n');
    const std::size_t first = lines.size() > count ? lines.size() - count : 0;
    return join(std::span(lines).subspan(first), "\n           ");
}

}  // namespace

CommandResult run_command(const Command& command) {
    // A child that ends before it read its input must not end us.
    ::signal(SIGPIPE, SIG_IGN);
    SpawnActions actions;
    Pipe input, output, error;
    if (command.input.empty()) {
        actions.open(0, "/dev/null", O_RDONLY);
    } else {
        input = make_pipe();
        actions.duplicate(input.read.get(), 0);
    }
    if (command.output) {
        actions.open(1, command.output->c_str(), O_WRONLY | O_CREAT | O_APPEND);
        actions.duplicate(1, 2);
    } else {
        output = make_pipe();
        error = make_pipe();
        actions.duplicate(output.write.get(), 1);
        actions.duplicate(error.write.get(), 2);
    }
    const pid_t pid = spawn(command, actions);
    input.read.reset();
    output.write.reset();
    error.write.reset();
    CommandResult result;
    exchange(command.input, std::move(input.write), std::move(output.read), std::move(error.read), result);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) throw SystemError("cannot wait for a child");
    result.status = exit_status(status);
    return result;
}

std::string run_command_checked(const Command& command) {
    CommandResult result = run_command(command);
    if (result.status == 0) return std::move(result.output);
    CommandError error(std::format("'{}' failed with status {}", command.arguments[0], result.status),
                       result.status);
    const std::string& said = trim(result.error).empty() ? result.output : result.error;
    if (!trim(said).empty()) error.detail("it said", last_lines(said, 8));
    if (command.output) error.detail("log", command.output->string());
    error.detail("command", join(command.arguments, " "));
    throw error;
}

Child Child::start(const Command& command, const std::vector<std::pair<int, int>>& inherited) {
    SpawnActions actions;
    if (command.output) {
        actions.open(1, command.output->c_str(), O_WRONLY | O_CREAT | O_APPEND);
        actions.duplicate(1, 2);
    }
    for (const auto& [ours, theirs] : inherited) actions.duplicate(ours, theirs);
    return Child(spawn(command, actions));
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
}

Child::~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Child::send_signal(int signal_number) const {
    if (pid_ > 0) ::kill(pid_, signal_number);
}

int Child::wait() {
    CHECK(pid_ > 0);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0)
        if (errno != EINTR) throw SystemError("cannot wait for a child");
    pid_ = -1;
    return exit_status(status);
}

std::optional<int> Child::wait_for(std::chrono::milliseconds timeout) {
    CHECK(pid_ > 0);
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
        int status = 0;
        const pid_t pid = ::waitpid(pid_, &status, WNOHANG);
        if (pid < 0 && errno != EINTR) throw SystemError("cannot wait for a child");
        if (pid > 0) {
            pid_ = -1;
            return exit_status(status);
        }
        if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::optional<std::filesystem::path> find_program(std::string_view program) {
    const auto is_executable = [](const std::filesystem::path& path) {
        return ::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path);
    };
    if (program.contains('/')) {
        if (is_executable(program)) return std::filesystem::path(program);
        return std::nullopt;
    }
    for (const std::string& directory : split(find_environment("PATH").value_or("/usr/bin:/bin"), ':')) {
        const std::filesystem::path path =
            std::filesystem::path(directory.empty() ? "." : directory) / program;
        if (is_executable(path)) return path;
    }
    return std::nullopt;
}

std::optional<std::string> find_environment(const char* name) {
    const char* value = ::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

}  // namespace cairn
