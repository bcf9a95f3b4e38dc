#include "pkg/base/error.h"
#include "pkg/tuf/metadata.h"

namespace cairn::tuf {
namespace {

Json make_head(const Head& head, std::string_view type) {
    return {{"_type", type},
            {"spec_version", "1.0.33"},
            {"version", head.version},
            {"expires", format_time(head.expires)}};
}

Json to_json(const RoleKeys& keys) {
    return {{"keyids", keys.key_ids}, {"threshold", keys.threshold}};
}

Json to_json(const Keys& keys) {
    Json json = Json::object();
    for (const auto& [id, key] : keys) json[id] = tuf::to_json(key);
    return json;
}

Json listed_metadata(const FileDescription& file) {
    Json json{{"version", file.version}};
    if (file.length) json["length"] = *file.length;
    if (!file.hashes.empty()) json["hashes"] = file.hashes;
    return json;
}

Json to_json(const Delegation& role) {
    Json json = to_json(role.keys);
    json["name"] = role.name;
    json["terminating"] = role.is_terminating;
    if (role.hash_prefixes.empty())
        json["paths"] = role.paths;
    else
        json["path_hash_prefixes"] = role.hash_prefixes;
    if (role.days > 0) json["x-cairn-days"] = role.days;
    return json;
}

Json to_json(const Delegations& delegations) {
    Json json{{"keys", to_json(delegations.keys)}};
    if (delegations.bins) {
        json["succinct_roles"] = to_json(delegations.bins->keys);
        json["succinct_roles"]["bit_length"] = delegations.bins->bit_length;
        json["succinct_roles"]["name_prefix"] = delegations.bins->name_prefix;
        return json;
    }
    json["roles"] = Json::array();
    for (const Delegation& role : delegations.roles) json["roles"].push_back(to_json(role));
    return json;
}

}  // namespace

Json to_json(const Root& root) {
    Json json = make_head(root, "root");
    json["consistent_snapshot"] = root.has_consistent_snapshots;
    json["keys"] = to_json(root.keys);
    json["roles"] = Json::object();
    for (const auto& [name, keys] : root.roles) json["roles"][name] = to_json(keys);
    return json;
}

Json to_json(const Timestamp& timestamp) {
    Json json = make_head(timestamp, "timestamp");
    json["meta"] = {{"snapshot.json", listed_metadata(timestamp.snapshot)}};
    return json;
}

Json to_json(const Snapshot& snapshot) {
    Json json = make_head(snapshot, "snapshot");
    json["meta"] = Json::object();
    for (const auto& [name, file] : snapshot.files) json["meta"][name] = listed_metadata(file);
    return json;
}

Json to_json(const Targets& targets) {
    Json json = make_head(targets, "targets");
    json["targets"] = Json::object();
    for (const auto& [name, file] : targets.targets) {
        Json& target = json["targets"][name] = {{"length", file.length.value_or(0)}, {"hashes", file.hashes}};
        if (!file.custom.is_null()) target["custom"] = file.custom;
    }
    if (targets.delegations) json["delegations"] = to_json(*targets.delegations);
    return json;
}

}  // namespace cairn::tuf
