#include "tests/fuzz/tuf_role.h"

using namespace cairn;
using namespace cairn::fuzz;

namespace {

/// Its own key signed once, so its own rule must ask for no more than that key.
bool is_next_root(const tuf::Root& root) {
    const std::string id = tuf::id_of(tuf::make_key(role_key().public_key()));
    const tuf::RoleKeys& own = root.roles.at("root");
    const auto key = root.keys.find(id);
    return root.version == make_root().version + 1 && own.threshold == 1 &&
           std::ranges::contains(own.key_ids, id) && key != root.keys.end() &&
           tuf::identity_of(key->second) == tuf::identity_of(tuf::make_key(role_key().public_key()));
}

}  // namespace

FUZZ_TARGET(input) {
    static const std::string trusted_root = sign(tuf::to_json(make_root()));
    fuzz_role(
        input,
        [](const Json& json) {
            tuf::Root root = tuf::parse_root(json);
            check_keys(root.keys);
            return root;
        },
        [] { return tuf::TrustedMetadata(trusted_root, now); },
        [](tuf::TrustedMetadata& trusted, std::string_view text) { trusted.update_root(text); },
        [](const tuf::TrustedMetadata& trusted) { return tuf::to_json(trusted.root()); }, is_next_root);
}
