#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/layout/architecture.h"
#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

/// updates.json (pkg/repo/FORMAT.md): which versions of an image there are, and who may take them when. Read
/// only after its signatures are verified.
namespace cairn::update {

/// Every device has a seed, made once, from 0 to 2047.
inline constexpr std::uint32_t seed_count = 2048;

/// From `start` on, devices whose seed is below the bound may take the version.
struct Wave {
    std::int64_t start = 0;  // seconds since 1970
    std::uint32_t seeds_below = 0;
    friend bool operator==(const Wave&, const Wave&) = default;
};

struct OfferedVersion {
    std::string version;
    std::string date;  // of its build: "2026-11-20T00:00:00Z"
    crypto::Hash root_hash;
    std::string notes;  // for people, may be empty
    std::uint64_t settings_format = 1;
    /// The oldest settings format that this version can take settings back to, after an operator's rollback.
    std::uint64_t settings_floor = 0;
    std::vector<Wave> waves;            // starts and bounds rise; empty: everybody, at once
    std::vector<std::string> channels;  // whose devices take it; empty: those of all
    friend bool operator==(const OfferedVersion&, const OfferedVersion&) = default;
};

struct UpdatesList {
    std::string name;
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::string version_floor;             // no device takes an older version; empty: none
    std::vector<OfferedVersion> versions;  // newest first
    friend bool operator==(const UpdatesList&, const UpdatesList&) = default;
};

/// Throws VerifyError when something is missing, of another kind, or cannot be. `name` is for the message.
UpdatesList parse_updates_list(const Json& json, std::string_view name);

}  // namespace cairn::update
