#include "pkg/repo/signing.h"

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/text.h"

namespace cairn::repo {
namespace {

constexpr std::array signing_roles = {crypto::Role::root, crypto::Role::targets, crypto::Role::snapshot,
                                      crypto::Role::timestamp, crypto::Role::images};

}  // namespace

void Signing::add(crypto::KeyDirectory& keys) {
    directories_.push_back(&keys);
    for (const crypto::Role role : signing_roles)
        if (const auto key = keys.find_own_key(role))
            places_.try_emplace(crypto::key_id(*key), Place{.directory = &keys, .role = role});
}

std::vector<crypto::Signer*> Signing::find_signers(const tuf::RoleKeys& role,
                                                   const std::set<std::string>& signed_by) const {
    std::vector<crypto::Signer*> found;
    for (const std::string& id : role.key_ids) {
        const auto place = places_.find(id);
        if (place == places_.end() || signed_by.contains(id)) continue;
        auto& signer = signers_[id];
        if (!signer) signer = place->second.directory->signer(place->second.role);
        found.push_back(signer.get());
    }
    return found;
}

bool Signing::is_enough_for(const tuf::RoleKeys& role) const {
    const auto count =
        std::ranges::count_if(role.key_ids, [&](const std::string& id) { return places_.contains(id); });
    return static_cast<std::uint64_t>(count) >= role.threshold;
}

std::string Signing::places() const {
    std::vector<std::string> names;
    for (const crypto::KeyDirectory* const directory : directories_)
        names.push_back(std::format("'{}'", directory->path().string()));
    return join(names, ", ");
}

}  // namespace cairn::repo
