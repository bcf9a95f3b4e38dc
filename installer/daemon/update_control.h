#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "installer/daemon/device.h"
#include "installer/daemon/update_client.h"

namespace cairn::daemon {

/// What is to be chosen from.
struct OfferRequest {
    const Json& updates;  // updates.json, verified
    ImageIdentity image;  // that runs
    const Json& state;    // the helper's: the deny list
    const Json& settings;
    std::int64_t now = 0;
    std::optional<std::string> only;  // the version that somebody asks for by name
};

struct Offer {
    std::optional<std::string> version;
    std::string date;                                              // of its build
    std::string notes;                                             // for people
    std::vector<std::pair<std::string, std::string>> not_offered;  // newer versions, and why
};

/// Which version a device takes: the rules are installer/update's.
using ChooseOffer = std::function<Offer(const OfferRequest&)>;

struct UpdatePowers {
    net::Transport& transport;
    std::function<Json()> settings;  // that are in effect
    ChooseOffer choose;
    std::filesystem::path memory;  // a file for the last command and refresh, for people only
    std::chrono::seconds metadata_time{60};
};

/// Updates, as people see them: asks the repository what there is and the helper for everything that changes
/// this machine. One command at a time: the second gets api::Busy. May be called from any thread.
class UpdateControl {
  public:
    UpdateControl(Device device, UpdatePowers powers);
    UpdateControl(const UpdateControl&) = delete;
    UpdateControl& operator=(const UpdateControl&) = delete;
    /// Ends a prepare that is under way: the next one goes on from there.
    ~UpdateControl();

    /// The answer of GET /updates/status. Never throws for a helper that does not answer: it is told then.
    Json status();
    Json refresh();
    /// Begins it and returns; how it ends is told by status() and events. Without `version`: what is offered.
    Json prepare(std::optional<std::string> version);
    /// A verb of the helper that needs no bytes: activate, deactivate, rollback, reboot, clear_denied.
    Json command(const std::string& verb, const Json& arguments);

    /// Another state of the helper is expected: a boot was confirmed or judged.
    void forget_state();
    /// Refreshes when `updates.check_minutes` have passed; gives way to whatever people ask for meanwhile.
    /// Called about once a second.
    void tick();
    /// Waits until no prepare is under way.
    void wait();
    /// Gives up whatever waits for the network, soon, and lets nothing wait for it any more.
    void stop() { is_stopping_ = true; }

  private:
    struct Available {
        std::string version;
        Json json;  // as status() shows it
    };
    enum class Origin { people, own_check };
    void begin(const std::string& command, Origin origin = Origin::people);
    void finish(const std::string& command, const std::exception* error);
    Json run(const std::string& command, const std::function<void()>& work, Origin origin = Origin::people);
    bool has_stick() const;
    std::string address_of_stick() const;
    void notice_stick();
    std::string repository() const;
    void look(std::optional<std::string> only);
    void prepare_now(std::optional<std::string> version);
    std::string require_offer(const std::optional<std::string>& asked);
    void take_progress(const api::HelperProgress& progress);
    Json helper_state();
    Json describe_state(const Json& state);
    void publish_status();
    void read_memory();
    void write_memory() const;
    void refuse_unless_good();
    void check_stop() const;

    Device device_;
    UpdatePowers powers_;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<bool> gives_way_ = false;  // the own check that is under way
    CheckedTransport transport_;
    UpdateClient client_;
    ImageIdentity image_;

    std::mutex mutex_;               // guards all below
    std::condition_variable ended_;  // what was under way
    std::optional<std::string> under_way_;
    bool is_own_check_ = false;  // what is under way
    std::optional<api::HelperProgress> progress_;
    std::optional<Json> state_;  // the helper's; empty: to be asked for
    std::optional<Available> available_;
    std::vector<std::pair<std::string, std::string>> not_offered_;
    Json most_recent_;                          // null: none yet
    std::optional<std::int64_t> last_refresh_;  // by Clock::now()
    std::string asked_;                         // the repository that available_ is from
    bool had_stick_ = false;
    std::int64_t next_check_ = 0;  // by Clock::since_boot()
    std::uint64_t progress_told_ = 0;

    std::thread worker_;  // touched by begin() of a prepare and the destructor only
};

}  // namespace cairn::daemon
