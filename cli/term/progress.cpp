#include "cli/term/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <format>
#include <print>

#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::term {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
    return 80;
}

milliseconds since(steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

/// "1:02" for the live lines, where a changing width would flicker.
std::string clock_text(milliseconds duration) {
    const auto seconds = duration.count() / 1000;
    if (seconds >= 3600)
        return std::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    return std::format("{}:{:02}", seconds / 60, seconds % 60);
}

}  // namespace

Progress::Style Progress::style_of_stderr() {
    const auto terminal = find_environment("TERM");
    return ::isatty(STDERR_FILENO) == 1 && terminal && *terminal != "dumb" ? Style::live : Style::plain;
}

Progress::Progress(Style style) : style_(style) {
    if (style_ == Style::live) drawer_ = std::thread([this] { draw_loop(); });
}

Progress::~Progress() {
    {
        const std::lock_guard guard(mutex_);
        is_over_ = true;
        erase();
        std::fflush(stderr);
    }
    wake_.notify_all();
    if (drawer_.joinable()) drawer_.join();
}

void Progress::set_total(std::size_t tasks, std::optional<milliseconds> estimate) {
    const std::lock_guard guard(mutex_);
    total_ = tasks;
    finished_ = 0;
    estimate_ = estimate;
    started_ = steady_clock::now();
}

void Progress::start(const std::string& task, std::optional<milliseconds> estimate) {
    const std::lock_guard guard(mutex_);
    running_[task] = {.started = steady_clock::now(), .estimate = estimate, .text = ""};
    total_ = std::max(total_, finished_ + running_.size());
    if (style_ == Style::plain)
        std::println(stderr, "[{}/{}] {}{}", finished_, total_, task,
                     estimate ? std::format(" (about {})", format_duration(*estimate)) : "");
}

void Progress::update(const std::string& task, const std::string& text) {
    const std::lock_guard guard(mutex_);
    if (const auto it = running_.find(task); it != running_.end()) it->second.text = text;
}

void Progress::finish(const std::string& task, const std::string& text) {
    const std::lock_guard guard(mutex_);
    running_.erase(task);
    ++finished_;
    if (style_ == Style::quiet) return;
    erase();
    std::println(stderr, "[{}/{}] {}: {}", finished_, total_, task, text);
    draw();
}

void Progress::note(const std::string& line) {
    const std::lock_guard guard(mutex_);
    if (style_ == Style::quiet) return;
    erase();
    std::println(stderr, "{}", line);
    draw();
}

void Progress::draw_loop() {
    std::unique_lock guard(mutex_);
    while (!is_over_) {
        erase();
        draw();
        wake_.wait_for(guard, milliseconds(250));
    }
}

void Progress::erase() {
    if (drawn_lines_ > 0) std::print(stderr, "\x1b[{}A\x1b[J", drawn_lines_);
    drawn_lines_ = 0;
}

void Progress::draw() {
    if (style_ != Style::live || is_over_ || running_.empty()) return;
    const std::size_t width = terminal_width() - 1;
    const auto print_line = [&](std::string line) {
        if (line.size() > width) line.resize(width);
        std::println(stderr, "{}", line);
        ++drawn_lines_;
    };
    for (const auto& [name, task] : running_) {
        std::string line = std::format("  {:<24} {:>6}", name, clock_text(since(task.started)));
        if (task.estimate) line += std::format(" of about {}", clock_text(*task.estimate));
        if (!task.text.empty()) line += "  " + task.text;
        print_line(std::move(line));
    }
    print_line(summary_line());
    std::fflush(stderr);
}

std::string Progress::summary_line() const {
    std::string line =
        std::format("{} of {} done, {} elapsed", finished_, total_, clock_text(since(started_)));
    if (!estimate_) return line;
    const milliseconds rest = *estimate_ - since(started_);
    return line + (rest.count() > 0 ? std::format(", about {} left", clock_text(rest)) : ", any moment now");
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], row[i].size());
        }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += i == 0 ? std::format("{:<{}}", row[i], widths[i])
                           : std::format("  {:>{}}", row[i], widths[i]);
        while (line.ends_with(' ')) line.pop_back();
        text += line + "\n";
    }
    return text;
}

}  // namespace cairn::term
