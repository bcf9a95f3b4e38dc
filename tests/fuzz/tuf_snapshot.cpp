#include "tests/fuzz/tuf_role.h"

using namespace cairn;
using namespace cairn::fuzz;

namespace {

tuf::TrustedMetadata prepare() {
    static const tuf::TrustedMetadata trusted = [] {
        tuf::TrustedMetadata made(sign(tuf::to_json(make_root())), now);
        made.update_timestamp(sign(tuf::to_json(make_timestamp())));
        made.load_old_snapshot(sign(tuf::to_json(make_snapshot())));
        return made;
    }();
    return trusted;
}

bool is_next_snapshot(const tuf::Snapshot& snapshot) {
    const auto listed = snapshot.files.find("targets.json");
    return snapshot.version == listed_version && snapshot.expires > now && listed != snapshot.files.end() &&
           listed->second.version >= listed_version;
}

}  // namespace

FUZZ_TARGET(input) {
    fuzz_role(
        input, tuf::parse_snapshot, prepare,
        [](tuf::TrustedMetadata& trusted, std::string_view text) { trusted.update_snapshot(text); },
        [](const tuf::TrustedMetadata& trusted) {
            return trusted.snapshot() ? tuf::to_json(*trusted.snapshot()) : Json();
        },
        is_next_snapshot);
}
