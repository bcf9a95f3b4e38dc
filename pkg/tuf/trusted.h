#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/tuf/envelope.h"
#include "pkg/tuf/metadata.h"

namespace cairn::tuf {

/// The metadata that is believed, and the rules by which more comes to be (TUF specification, section 5.3 to
/// 5.6). Files come in as bytes, in the specification's order; each is checked whole before anything changes,
/// so what is refused leaves the state as it was. No input or output happens here.
///
/// Refusals are VerifyError or Error naming role and rule.
class TrustedMetadata {
  public:
    /// Begins with a root that is believed already. `now` holds for the whole update (section 5.1).
    TrustedMetadata(std::string_view root_text, Time now);

    const Root& root() const { return root_; }
    const std::optional<Timestamp>& timestamp() const { return timestamp_; }
    const std::optional<Snapshot>& snapshot() const { return snapshot_; }
    /// A targets role that was taken in, the top one included.
    const Targets* find_targets(const std::string& role) const;

    /// 5.3.4 to 5.3.6: signed by a threshold of the old keys and of the new, version one more. Gives true
    /// when keys of timestamp or snapshot were exchanged: what they had signed is then no longer believed
    /// (5.3.11).
    bool update_root(std::string_view text);
    /// 5.3.10: no more roots; an expired one ends the update.
    void finish_root() const;

    /// What an earlier update has left: only its version counts, it may have expired. False when it is not
    /// signed by today's keys.
    bool load_old_timestamp(std::string_view text);
    bool load_old_snapshot(std::string_view text);

    /// 5.4. False: the same version as before, which stays.
    bool update_timestamp(std::string_view text);
    /// 5.4.4: the timestamp that counts must not have expired.
    void finish_timestamp() const;

    /// 5.5.2: whether bytes are what the timestamp says (length, hashes). Throws when not.
    void check_snapshot_bytes(std::string_view text) const;
    /// 5.5.3 to 5.5.6.
    void update_snapshot(std::string_view text);

    /// What the snapshot says of a targets role. Throws VerifyError when it lists none.
    const FileDescription& listed(const std::string& role) const;
    /// 5.6: one targets role, as `parent` ("root" for "targets" itself) delegates to it.
    void update_targets(std::string_view text, const std::string& role, const std::string& parent);

  private:
    Envelope verify(std::string_view text, const std::string& role, const Keys& keys,
                    const RoleKeys& signers) const;
    void check_expiry(const Head& head, std::string_view role) const;
    std::pair<const Keys*, const RoleKeys*> signers_of(const std::string& role,
                                                       const std::string& parent) const;

    Time now_;
    Root root_;
    std::optional<Timestamp> timestamp_;
    std::optional<Snapshot> old_snapshot_;  // of an earlier update: nothing may go back behind it
    std::optional<Snapshot> snapshot_;
    std::map<std::string, Targets> targets_;
};

}  // namespace cairn::tuf
