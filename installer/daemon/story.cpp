#include "installer/daemon/story.h"

#include <algorithm>
#include <format>
#include <map>

#include "images/layout/boot_file_name.h"
#include "installer/daemon/device_files.h"

namespace cairn::daemon {
namespace {

std::string count_times(std::size_t times) {
    if (times == 1) return "once";
    if (times == 2) return "twice";
    return std::format("{} times", times);
}

/// Goes through the boot record's events and tells each trial when it has ended.
class Narrator {
  public:
    explicit Narrator(const Json& state) : state_(state) {
        for (const char* const known : {"running", "other"})
            if (const auto image = state.find(known); image != state.end() && image->is_object())
                versions_[text_of(*image, "root_hash")] = text_of(*image, "version");
    }

    std::vector<std::string> tell() {
        if (const auto events = state_.find("boots"); events != state_.end() && events->is_array())
            for (const Json& event : *events)
                if (event.is_object()) take(event);
        tell_unfinished();
        tell_denied();
        tell_update();
        return std::move(lines_);
    }

  private:
    struct Trial {
        std::string root_hash;
        std::string version;
        std::size_t attempts = 0;
        std::string failure;
    };

    void take(const Json& event) {
        const std::string kind = text_of(event, "event");
        const std::string version = find_version(event);
        const bool is_of_trial = !trial_.root_hash.empty() && text_of(event, "root_hash") == trial_.root_hash;
        if (kind == "trial") {
            trial_ = {
                .root_hash = text_of(event, "root_hash"), .version = version, .attempts = 0, .failure = ""};
        } else if (kind == "attempt") {
            last_attempt_ = version;
            if (is_of_trial) ++trial_.attempts;
        } else if (kind == "failure") {
            take_failure(event, version, is_of_trial);
        } else if (kind == "good") {
            if (is_of_trial || trial_.version == version) {
                lines_.push_back(std::format("version {} was tried and found good", version));
                trial_ = {};
            }
        } else if (kind == "fallback") {
            tell_fallback(text_of(event, "message"));
        }
    }

    void take_failure(const Json& event, const std::string& version, bool is_of_trial) {
        const std::string message = text_of(event, "message");
        if (is_of_trial)
            trial_.failure = message;
        else
            lines_.push_back(
                std::format("version {} failed: {}", version.empty() ? last_attempt_ : version, message));
    }

    void tell_fallback(const std::string& message) {
        if (trial_.version.empty()) {
            if (!message.empty()) lines_.push_back(std::format("an update was given up: {}", message));
            return;
        }
        const std::string why = trial_.failure.empty() ? message : trial_.failure;
        const std::string tries =
            trial_.attempts == 0 ? "was tried" : "was tried " + count_times(trial_.attempts);
        lines_.push_back(std::format("version {} {} and never came up{}{}", trial_.version, tries,
                                     why.empty() ? "" : ": " + why, find_ban(trial_.version)));
        told_.push_back(trial_.version);
        trial_ = {};
    }

    /// A trial that goes on, or one that nobody has judged yet.
    void tell_unfinished() {
        const Json running = state_.value("running", Json::object());
        if (is_true(running, "on_trial")) {
            std::string line = std::format("version {} is on trial", text_of(running, "version"));
            if (running.contains("tries_left") && running["tries_left"].is_number())
                line += std::format(", {} more tries are left", number_of(running, "tries_left"));
            lines_.push_back(line);
        }
        const auto failed = state_.find("failed_trial");
        if (failed == state_.end() || !failed->is_object()) return;
        const std::string why = text_of(*failed, "last_failure");
        lines_.push_back(std::format("version {} was tried {} and never came up{}; it is still to be judged",
                                     text_of(*failed, "version"),
                                     count_times(static_cast<std::size_t>(number_of(*failed, "tries"))),
                                     why.empty() ? "" : ": " + why));
    }

    void tell_denied() {
        for (const Json& denied : state_.value("denied", Json::array())) {
            const std::string version = text_of(denied, "version");
            const std::string cause = text_of(denied, "cause");
            if (std::ranges::find(told_, version) != told_.end()) continue;
            if (cause == "by operator")
                lines_.push_back(std::format("version {} was left by an operator's rollback{}", version,
                                             find_ban(version)));
            else
                lines_.push_back(
                    std::format("version {} is not offered: {}{}", version, cause, find_ban(version)));
        }
    }

    void tell_update() {
        const std::string step = text_of(state_, "step");
        const auto image = state_.find("image");
        if (image == state_.end() || !image->is_object()) return;
        const std::string version = text_of(*image, "version");
        if (step == "staged")
            lines_.push_back(std::format("version {} is written to the other slot", version));
        if (step == "ready") lines_.push_back(std::format("version {} is tried at the next boot", version));
    }

    std::string find_ban(const std::string& version) const {
        for (const Json& denied : state_.value("denied", Json::array()))
            if (text_of(denied, "version") == version)
                return text_of(denied, "ban") == "held"
                           ? "; it is held until the version that runs is found good"
                           : "; it is on the deny list";
        return {};
    }

    std::string find_version(const Json& event) const {
        if (const auto name = layout::find_boot_file_name(text_of(event, "boot_file"))) return name->version;
        const auto known = versions_.find(text_of(event, "root_hash"));
        return known == versions_.end() ? "" : known->second;
    }

    const Json& state_;
    std::map<std::string, std::string> versions_;  // by root hash
    Trial trial_;
    std::string last_attempt_;
    std::vector<std::string> told_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> tell_story(const Json& state) {
    return Narrator(state).tell();
}

}  // namespace cairn::daemon
