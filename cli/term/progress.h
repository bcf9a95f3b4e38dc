#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

/// Progress on standard error that a person likes to watch: on a terminal a few live lines under the finished
/// ones, elsewhere a plain line when something starts and ends.
namespace cairn::term {

class Progress {
  public:
    enum class Style { live, plain, quiet };
    /// `live` when standard error is a terminal that can move the cursor, else `plain`.
    static Style style_of_stderr();

    explicit Progress(Style style);
    /// Clears the live lines.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// How many tasks there are in all, and how long the rest should take (from earlier runs), when known.
    void set_total(std::size_t tasks, std::optional<std::chrono::milliseconds> estimate);
    /// A task begins; `estimate` is how long it took before. One that was not counted raises the total.
    void start(const std::string& task, std::optional<std::chrono::milliseconds> estimate);
    /// What the task is doing now; live lines only.
    void update(const std::string& task, const std::string& text);
    /// A task has ended; `text` says how ("built in 12 s", "failed").
    void finish(const std::string& task, const std::string& text);
    /// A line that stays.
    void note(const std::string& line);

  private:
    struct Task {
        std::chrono::steady_clock::time_point started;
        std::optional<std::chrono::milliseconds> estimate;
        std::string text;
    };
    void draw_loop();
    void erase();
    void draw();
    std::string summary_line() const;

    Style style_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_over_ = false;
    std::thread drawer_;
    std::map<std::string, Task> running_;
    std::size_t finished_ = 0;
    std::size_t total_ = 0;
    std::optional<std::chrono::milliseconds> estimate_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::size_t drawn_lines_ = 0;
};

/// A table with aligned columns for the end of a job; columns after the first are right-aligned.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace cairn::term
