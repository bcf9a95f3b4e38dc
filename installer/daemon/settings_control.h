#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "installer/daemon/device.h"
#include "installer/settings/store.h"
#include "installer/settings/template.h"
#include "installer/settings/transactions.h"

namespace cairn::daemon {

/// Values that are in effect without holding: they go back by themselves.
///
///     none --try--> trying --confirm--> none, the values hold
///                     |----time is up, dropped----> none, what the store holds is applied again
///                     '----the machine restarts---> none, the boot applies what the store holds
///
/// Kept in /run, so that a restarted daemon goes on with it and a reboot forgets it.
struct SettingsTry {
    std::string tx;
    std::int64_t seconds = 0;
    std::int64_t ends = 0;   // by Clock::since_boot()
    std::int64_t until = 0;  // the same by Clock::now(), for people
    Json values;             // what is set
};

struct Applied {
    std::optional<std::uint64_t> version;  // that holds; empty during a try
    std::vector<std::string> files;
    std::vector<std::string> services;
    std::optional<SettingsTry> tried;
};

/// Changing settings, from a transaction to files and services. May be called from any thread; of two
/// callers who apply or commit at once, the second gets api::Busy.
class SettingsControl {
  public:
    /// All is borrowed. `run` is where a try is kept. A try that is there goes on.
    SettingsControl(Device device, settings::Store& store, settings::Transactions& transactions,
                    const settings::Schema& schema, std::vector<settings::Template> templates,
                    std::filesystem::path run);

    enum class Which { effective, set };
    /// What holds, without secrets. `paths` names settings and groups; empty: all. Throws UsageError for a
    /// path that is neither.
    Json show(Which which, const std::vector<std::string>& paths) const;
    /// What is in effect, tried values included, with secrets: for the daemon itself.
    Json effective() const;

    /// Throws UsageError also for "(secret)" that is sent back.
    void patch(const std::string& tx, const Json& patch);
    struct Outcome {
        settings::Preview preview;
        std::vector<std::string> services;  // those that would restart
    };
    Outcome preview(const std::string& tx) const;
    std::vector<std::string> transactions() const { return transactions_.names(); }
    /// One that is being tried is taken back.
    void drop(const std::string& tx);

    std::uint64_t commit(const std::string& tx, const std::string& who);
    /// What holds, once more.
    Applied apply();
    /// Values that cannot be applied are not committed, and those that cannot be committed are taken back:
    /// what holds is applied again, and why is thrown.
    Applied commit_and_apply(const std::string& tx, const std::string& who);
    /// Throws api::Conflict when something is being tried already.
    Applied try_values(const std::string& tx, std::int64_t seconds);
    /// Throws api::Conflict when nothing is being tried.
    std::uint64_t confirm(const std::string& who);
    /// To `version`, or to the one before the last change. Throws api::Conflict when there is none.
    Applied undo(std::optional<std::uint64_t> version, const std::string& who);

    std::optional<SettingsTry> find_try() const;
    std::int64_t now_since_boot() const { return device_.clock.since_boot(); }
    /// Ends a try whose time is up. Called about once a second.
    void tick();

    /// Told, in the thread that changed them, what is in effect now.
    void on_effect(std::function<void(const Json& effective)> told) { told_ = std::move(told); }

  private:
    std::unique_lock<std::mutex> begin_change() const;
    void refuse_during_try() const;
    Json effective_of(const Json& set) const;
    Applied apply_values(const Json& values);
    std::uint64_t keep_applied(const std::function<std::uint64_t()>& commit);
    void return_to_stored() noexcept;
    void end_try(const std::string& why);
    void keep_try(const std::optional<SettingsTry>& tried);
    void announce(const Json& before);
    settings::Change make_change(const std::string& who, std::string what) const;

    Device device_;
    settings::Store& store_;
    settings::Transactions& transactions_;
    const settings::Schema& schema_;
    std::vector<settings::Template> templates_;
    std::filesystem::path try_file_;
    std::function<void(const Json&)> told_;
    mutable std::mutex change_;  // held by whoever applies or commits
    mutable std::mutex mutex_;
    std::optional<SettingsTry> try_;  // guarded by mutex_
};

}  // namespace cairn::daemon
