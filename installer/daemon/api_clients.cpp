#include "installer/daemon/api_clients.h"

#include "installer/daemon/device_files.h"
#include "installer/settings/values.h"

namespace cairn::daemon {

void ApiClients::set(const Json& settings) {
    std::map<crypto::Hash, api::Caller> clients;
    if (const Json* const list = settings::find_value(settings, "api.clients"))
        for (const Json& client : *list)
            if (const auto key = crypto::find_hash(text_of(client, "spki_sha256")))
                clients[*key] = {.role = api::parse_role(text_of(client, "role")),
                                 .name = text_of(client, "name")};
    const std::scoped_lock lock(mutex_);
    clients_ = std::move(clients);
}

std::optional<api::Caller> ApiClients::find(const crypto::Hash& key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = clients_.find(key);
    return found == clients_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace cairn::daemon
