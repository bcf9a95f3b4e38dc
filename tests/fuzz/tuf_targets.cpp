#include "tests/fuzz/tuf_role.h"

using namespace cairn;
using namespace cairn::fuzz;

namespace {

tuf::TrustedMetadata prepare() {
    static const tuf::TrustedMetadata trusted = [] {
        tuf::TrustedMetadata made(sign(tuf::to_json(make_root())), now);
        made.update_timestamp(sign(tuf::to_json(make_timestamp())));
        made.update_snapshot(sign(tuf::to_json(make_snapshot())));
        return made;
    }();
    return trusted;
}

void check_delegations(const tuf::Delegations& delegations) {
    constexpr std::string_view target = "packages/x86_64/a_1.0_x86_64.cpkg";
    check_keys(delegations.keys);
    for (const tuf::Delegation& role : delegations.roles) {
        tuf::covers(role, target);
        const std::string file = tuf::metadata_file_name(role.name, 1);
        require(!file.contains('/') && file.starts_with("1."), "a role's file stays in its folder");
    }
    if (delegations.bins)
        require(tuf::bin_of(*delegations.bins, target).starts_with(delegations.bins->name_prefix + "-"),
                "a bin's name begins as it is told");
}

}  // namespace

FUZZ_TARGET(input) {
    fuzz_role(
        input,
        [](const Json& json) {
            tuf::Targets targets = tuf::parse_targets(json);
            if (targets.delegations) check_delegations(*targets.delegations);
            return targets;
        },
        prepare,
        [](tuf::TrustedMetadata& trusted, std::string_view text) {
            trusted.update_targets(text, "targets", "root");
        },
        [](const tuf::TrustedMetadata& trusted) {
            const tuf::Targets* const targets = trusted.find_targets("targets");
            return targets != nullptr ? tuf::to_json(*targets) : Json();
        },
        [](const tuf::Targets& targets) {
            return targets.version == listed_version && targets.expires > now;
        });
}
