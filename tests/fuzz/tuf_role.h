#pragma once

#include <array>

#include "pkg/base/json.h"
#include "pkg/tuf/canonical.h"
#include "pkg/tuf/names.h"
#include "pkg/tuf/trusted.h"
#include "tests/fuzz/fuzz.h"

/// What the targets of the four roles share. Input: the "signed" part of a metadata file.
namespace cairn::fuzz {

constexpr tuf::Time now = 1'800'000'000;
constexpr tuf::Time later = now + 86'400;

/// Versions that the metadata known before names.
constexpr std::uint64_t known_timestamp = 3;
constexpr std::uint64_t listed_version = 7;

inline crypto::SecretKey role_key(std::uint8_t seed = 1) {
    std::array<std::uint8_t, 32> bytes;
    bytes.fill(seed);
    return crypto::SecretKey(bytes);
}

inline std::string sign(const Json& signed_part, crypto::SecretKey key = role_key()) {
    std::array<crypto::Signer*, 1> signers = {&key};
    return tuf::make_envelope(signed_part, signers);
}

inline tuf::Root make_root() {
    tuf::Root root;
    root.expires = later;
    root.has_consistent_snapshots = true;
    const tuf::Key key = tuf::make_key(role_key().public_key());
    root.keys[tuf::id_of(key)] = key;
    for (const char* role : {"root", "timestamp", "snapshot", "targets"})
        root.roles[role] = {.key_ids = {tuf::id_of(key)}};
    return root;
}

inline tuf::Timestamp make_timestamp() {
    tuf::Timestamp timestamp;
    timestamp.version = known_timestamp;
    timestamp.expires = later;
    timestamp.snapshot.version = listed_version;
    return timestamp;
}

inline tuf::Snapshot make_snapshot() {
    tuf::Snapshot snapshot;
    snapshot.version = listed_version;
    snapshot.expires = later;
    snapshot.files["targets.json"].version = listed_version;
    return snapshot;
}

/// Keys as a stranger lists them. Their ids are theirs to choose; nothing here may fail.
inline void check_keys(const tuf::Keys& keys) {
    for (const auto& [id, key] : keys) {
        require(tuf::id_of(key).size() == 64, "every key has an id");
        require(tuf::parse_key(tuf::to_json(key)) == key, "a key is written back as it is");
        require(!tuf::identity_of(key).empty(), "every key has an identity");
        require(!tuf::is_signed(key, "message", std::string(128, '0')), "a signature of zeros is none");
    }
}

/// Parses, writes back and parses again: what was understood stays as it is.
template <class Parse>
auto check_written_back(const Json& json, const Parse& parse) -> std::optional<decltype(parse(json))> {
    auto metadata = find_accepted([&] { return parse(json); });
    if (!metadata) return std::nullopt;
    const Json written = tuf::to_json(*metadata);
    require(tuf::to_json(parse(written)) == written, "metadata is written back as it is");
    require(parse_json(tuf::format_canonical(written), "canonical") == written,
            "canonical JSON says the same");
    return metadata;
}

/// Gives the input to `update`, once for each way of signing. `state` says what is believed, `is_allowed`
/// whether what was parsed keeps the role's rules.
template <class Parse, class Prepare, class Update, class State, class IsAllowed>
void fuzz_role(Bytes input, const Parse& parse, const Prepare& prepare, const Update& update,
               const State& state, const IsAllowed& is_allowed) {
    const auto try_update = [&](std::string_view text) {
        tuf::TrustedMetadata trusted = prepare();
        const Json before = state(trusted);
        const bool is_taken = is_accepted([&] { update(trusted, text); });
        require(is_taken || state(trusted) == before, "what is refused changes nothing");
        return is_taken ? std::optional(state(trusted)) : std::nullopt;
    };
    require(!try_update(text_of(input)), "a file that none of the keys signed is refused");

    const auto json = find_accepted([&] { return parse_json(text_of(input), "input"); });
    if (!json) return;
    const auto metadata = check_written_back(*json, parse);
    const auto file = find_accepted([&] { return sign(*json); });
    if (!file) return;
    require(!try_update(tuf::make_envelope(*json, {})), "an unsigned file is refused");
    require(!try_update(sign(*json, role_key(2))), "another key's signature is worth nothing");
    const auto after = try_update(*file);
    require(after.has_value() == (metadata && is_allowed(*metadata)),
            "a signed file is taken exactly when the rules hold");
}

}  // namespace cairn::fuzz
