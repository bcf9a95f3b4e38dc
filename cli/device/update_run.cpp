#include "cli/device/update_run.h"

#include <chrono>
#include <format>
#include <thread>

#include "cli/device/fields.h"
#include "cli/device/interrupts.h"
#include "cli/device/words.h"
#include "cli/term/progress.h"

namespace cairn::device {
namespace {

using std::chrono::steady_clock;

/// Without an event for so long, the status is asked for: an event may have passed before we listened.
constexpr std::chrono::seconds patience{3};
/// The daemon may restart, a line may break: the update goes on meanwhile.
constexpr std::chrono::seconds longest_silence{60};

/// The steps of a prepare as lines of a progress display.
class Steps {
  public:
    void show(const Json& progress) {
        const std::string step = text_of(progress, "step");
        if (step.empty()) return;
        if (step != step_) {
            finish("done");
            progress_.start(step, std::nullopt);
            step_ = step;
        }
        progress_.update(step_, format_bar(static_cast<std::uint64_t>(number_of(progress, "done")),
                                           static_cast<std::uint64_t>(number_of(progress, "total"))));
    }
    void finish(const std::string& how) {
        if (!step_.empty()) progress_.finish(step_, how);
        step_.clear();
    }

  private:
    term::Progress progress_{term::Progress::style_of_stderr()};
    std::string step_;
};

[[noreturn]] void fail_interrupted(const Device& device) {
    throw Interrupted("stopped waiting; the device goes on preparing the update")
        .hint(std::format("'cairnctl update{}' goes on from where it is then", device.host_words()));
}

/// While a prepare goes on the status has progress, and afterwards what came of it.
[[noreturn]] void fail_cut_off(Steps& steps) {
    steps.finish("cut off");
    throw Error("the device does not prepare the update any more: its daemon was started again meanwhile")
        .hint(
            "run 'cairnctl update' again: what was written already is kept; 'cairnctl logs cairnd' may tell "
            "why");
}

/// Listens until the status says that it is over, or nothing comes for a while. Empty in the second case.
std::optional<Json> follow_prepare(Api& api, const Json& before, Steps& steps) {
    std::optional<Json> last;
    auto heard = steady_clock::now();
    api.follow(
        [&](const Event& event) {
            heard = steady_clock::now();
            if (event.name == "progress") steps.show(parse_json(event.data, "an event of the device"));
            if (event.name != "status") return;
            Json status = parse_json(event.data, "an event of the device");
            if (is_prepare_over(status, before)) last = std::move(status);
        },
        [&] { return last || Interrupts::were_seen() || steady_clock::now() - heard > patience; });
    return last;
}

Json require_prepared(Json status) {
    const Json& last = object_of(status, "most_recent_command");
    if (text_of(last, "outcome") != "failed") return status;
    throw Error(std::format("the update could not be prepared: {}", text_of(last, "message")))
        .hint("run 'cairnctl update' again: what was written already is kept");
}

}  // namespace

bool is_prepare_over(const Json& status, const Json& before) {
    const Json& last = object_of(status, "most_recent_command");
    return object_of(status, "progress").empty() && text_of(last, "command") == "prepare" && last != before;
}

Json wait_for_prepare(Device& device, const Json& before) {
    Api& api = device.api();
    const Interrupts interrupts;
    Steps steps;
    auto answered = steady_clock::now();
    while (!Interrupts::were_seen()) {
        try {
            Json status = api.get("/updates/status");
            answered = steady_clock::now();
            steps.show(object_of(status, "progress"));
            std::optional<Json> last;
            if (is_prepare_over(status, before))
                last = std::move(status);
            else if (object_of(status, "progress").empty())
                fail_cut_off(steps);
            else
                last = follow_prepare(api, before, steps);
            if (!last) continue;
            steps.finish(text_of(object_of(*last, "most_recent_command"), "outcome") == "failed" ? "failed"
                                                                                                 : "done");
            return require_prepared(*std::move(last));
        } catch (const NetworkError&) {
            if (steady_clock::now() - answered > longest_silence) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
        }
    }
    fail_interrupted(device);
}

}  // namespace cairn::device
