#include "tests/fuzz/tuf_role.h"

using namespace cairn;
using namespace cairn::fuzz;

namespace {

tuf::TrustedMetadata prepare() {
    static const tuf::TrustedMetadata trusted = [] {
        tuf::TrustedMetadata made(sign(tuf::to_json(make_root())), now);
        made.update_timestamp(sign(tuf::to_json(make_timestamp())));
        return made;
    }();
    return trusted;
}

/// The version that is known already is no error, and may have expired.
bool is_next_timestamp(const tuf::Timestamp& timestamp) {
    if (timestamp.version == known_timestamp) return true;
    return timestamp.version > known_timestamp && timestamp.snapshot.version >= listed_version &&
           timestamp.expires > now;
}

}  // namespace

FUZZ_TARGET(input) {
    fuzz_role(
        input, tuf::parse_timestamp, prepare,
        [](tuf::TrustedMetadata& trusted, std::string_view text) { trusted.update_timestamp(text); },
        [](const tuf::TrustedMetadata& trusted) { return tuf::to_json(*trusted.timestamp()); },
        is_next_timestamp);
}
