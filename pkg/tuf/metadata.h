#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/tuf/key.h"

/// What TUF metadata says, role by role (TUF specification 1.0, section 4). Parsing checks form only: that
/// the members are there, of their types and within bounds. Whether to believe them is decided by
/// TrustedMetadata.
namespace cairn::tuf {

/// Seconds since 1970.
using Time = std::int64_t;
/// "2026-11-20T00:00:00Z", the only form that the specification has. Throws Error.
Time parse_time(std::string_view text);
std::string format_time(Time time);

/// Whose signatures count for a role, and how many of them there must be.
struct RoleKeys {
    std::vector<std::string> key_ids;
    std::uint64_t threshold = 1;
    friend bool operator==(const RoleKeys&, const RoleKeys&) = default;
};

/// What all four have.
struct Head {
    std::uint64_t version = 1;
    Time expires = 0;
};

using Keys = std::map<std::string, Key>;  // by id

struct Root : Head {
    bool has_consistent_snapshots = false;
    Keys keys;
    std::map<std::string, RoleKeys> roles;  // root, timestamp, snapshot, targets: always all four
};

/// One file as another one lists it.
struct FileDescription {
    std::uint64_t version = 1;  // of metadata only
    std::optional<std::uint64_t> length;
    std::map<std::string, std::string> hashes;  // algorithm -> hexadecimal digits
    Json custom;                                // of targets only; null: none
    friend bool operator==(const FileDescription&, const FileDescription&) = default;
};

struct Timestamp : Head {
    FileDescription snapshot;
};

struct Snapshot : Head {
    std::map<std::string, FileDescription> files;  // "targets.json", "<role>.json"
};

/// A part of the targets that another role signs.
struct Delegation {
    std::string name;
    RoleKeys keys;
    bool is_terminating = false;
    std::vector<std::string> paths;          // patterns; or else
    std::vector<std::string> hash_prefixes;  // of the SHA-256 of a target's name
    std::uint64_t days = 0;  // how long its owner wants it to hold; 0: not said. "x-cairn-days", of our own
};

/// Many equal bins by hash (the specification's "succinct hash bin delegations").
struct SuccinctBins {
    RoleKeys keys;
    unsigned bit_length = 1;  // 1 to 32; 2^bit_length bins
    std::string name_prefix;
};

struct Delegations {
    Keys keys;
    std::vector<Delegation> roles;  // in order of preference
    std::optional<SuccinctBins> bins;
};

struct Targets : Head {
    std::map<std::string, FileDescription> targets;
    std::optional<Delegations> delegations;
};

// From and to the "signed" part. Parsing throws Error naming the member that is wrong.
Root parse_root(const Json& signed_part);
Timestamp parse_timestamp(const Json& signed_part);
Snapshot parse_snapshot(const Json& signed_part);
Targets parse_targets(const Json& signed_part);
Json to_json(const Root& root);
Json to_json(const Timestamp& timestamp);
Json to_json(const Snapshot& snapshot);
Json to_json(const Targets& targets);

}  // namespace cairn::tuf
