#include <algorithm>
#include <charconv>
#include <chrono>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/tuf/fields.h"
#include "pkg/tuf/metadata.h"

namespace cairn::tuf {
namespace {

constexpr std::uint64_t most_bits = 32;
constexpr std::uint64_t most_days = 3650;

/// Members that every role has. The first number of "spec_version" must be ours; the others may differ.
Head parse_head(const Fields& fields, std::string_view type) {
    if (fields.text("_type") != type) fields.fail("_type", std::format("is not \"{}\"", type));
    const std::string version = fields.text("spec_version");
    const bool is_ours = version.starts_with("1.") &&
                         version.find_first_not_of("0123456789.") == std::string::npos &&
                         std::ranges::count(version, '.') <= 2 && !version.ends_with('.');
    if (!is_ours) fields.fail("spec_version", std::format("is \"{}\", and this program reads 1.x", version));
    Head head = {.version = fields.number("version", 1)};
    try {
        head.expires = parse_time(fields.text("expires"));
    } catch (const Error& error) {
        fields.fail("expires", error.message());
    }
    return head;
}

template <class Metadata>
Metadata parse_with_head(const Fields& fields, std::string_view type) {
    Metadata metadata;
    static_cast<Head&>(metadata) = parse_head(fields, type);
    return metadata;
}

std::vector<std::string> parse_texts(const Fields& fields, std::string_view name) {
    std::vector<std::string> texts;
    for (const Json& item : fields.array(name)) {
        if (!item.is_string()) fields.fail(name, "has something in it that is not text");
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

RoleKeys parse_role_keys(const Fields& fields) {
    RoleKeys keys = {.key_ids = parse_texts(fields, "keyids"), .threshold = fields.number("threshold", 1)};
    if (std::set(keys.key_ids.begin(), keys.key_ids.end()).size() != keys.key_ids.size())
        fields.fail("keyids", "names a key twice");
    return keys;
}

Keys parse_keys(const Json& json) {
    Keys keys;
    for (const auto& [id, key] : json.items()) keys[id] = parse_key(key);
    return keys;
}

std::map<std::string, std::string> parse_hashes(const Fields& fields) {
    std::map<std::string, std::string> hashes;
    for (const auto& [algorithm, value] : fields.object("hashes").items()) {
        if (!value.is_string() || !find_hex(value.get<std::string>()))
            fields.fail("hashes", std::format("\"{}\" is not hexadecimal", algorithm));
        hashes[algorithm] = to_lower(value.get<std::string>());
    }
    if (hashes.empty()) fields.fail("hashes", "has none in it");
    return hashes;
}

FileDescription parse_listed_metadata(const Json& json, std::string_view name) {
    const Fields fields(json, std::format("\"{}\"", name));
    FileDescription file = {.version = fields.number("version", 1)};
    if (fields.find("length") != nullptr) file.length = fields.number("length", 1);
    if (fields.find("hashes") != nullptr) file.hashes = parse_hashes(fields);
    return file;
}

FileDescription parse_target(const Json& json, const std::string& name) {
    const Fields fields(json, std::format("target '{}'", name));
    FileDescription file = {.length = fields.number("length", 0), .hashes = parse_hashes(fields)};
    if (const Json* const custom = fields.find("custom")) file.custom = *custom;
    return file;
}

Delegation parse_delegation(const Json& json) {
    const Fields fields(json, "delegation");
    Delegation role = {.name = fields.text("name"),
                       .keys = parse_role_keys(fields),
                       .is_terminating = fields.boolean("terminating", false)};
    const bool has_paths = fields.find("paths") != nullptr;
    const bool has_prefixes = fields.find("path_hash_prefixes") != nullptr;
    if (has_paths == has_prefixes)
        fields.fail("paths", "or \"path_hash_prefixes\": one of the two must be there");
    if (has_paths) role.paths = parse_texts(fields, "paths");
    if (has_prefixes) role.hash_prefixes = parse_texts(fields, "path_hash_prefixes");
    if (fields.find("x-cairn-days") != nullptr) role.days = fields.number("x-cairn-days", 1);
    if (role.days > most_days) fields.fail("x-cairn-days", "is more than ten years");
    static const std::set<std::string> top = {"root", "timestamp", "snapshot", "targets"};
    if (role.name.empty() || top.contains(role.name))
        fields.fail("name", std::format("must not be \"{}\"", role.name));
    return role;
}

SuccinctBins parse_bins(const Json& json) {
    const Fields fields(json, "succinct_roles");
    SuccinctBins bins = {
        .keys = parse_role_keys(fields),
        .bit_length = static_cast<unsigned>(std::min(fields.number("bit_length", 1), most_bits + 1)),
        .name_prefix = fields.text("name_prefix")};
    if (bins.bit_length > most_bits) fields.fail("bit_length", "is more than 32");
    return bins;
}

Delegations parse_delegations(const Json& json) {
    const Fields fields(json, "delegations");
    Delegations delegations = {.keys = parse_keys(fields.object("keys"))};
    const bool has_bins = fields.find("succinct_roles") != nullptr;
    if (has_bins == (fields.find("roles") != nullptr))
        fields.fail("roles", "or \"succinct_roles\": one of the two must be there");
    if (has_bins) {
        delegations.bins = parse_bins(fields.object("succinct_roles"));
        return delegations;
    }
    std::set<std::string> names;
    for (const Json& role : fields.array("roles")) {
        delegations.roles.push_back(parse_delegation(role));
        if (!names.insert(delegations.roles.back().name).second)
            fields.fail("roles", std::format("has '{}' twice", delegations.roles.back().name));
    }
    return delegations;
}

}  // namespace

Time parse_time(std::string_view text) {
    constexpr std::string_view form = "0000-00-00T00:00:00Z";
    const auto fail = [&] [[noreturn]] {
        throw Error(std::format("'{}' is not a time like 2026-11-20T00:00:00Z", text));
    };
    if (text.size() != form.size()) fail();
    for (std::size_t index = 0; index < form.size(); ++index) {
        const bool is_digit = text[index] >= '0' && text[index] <= '9';
        if (form[index] == '0' ? !is_digit : form[index] != text[index]) fail();
    }
    const auto number = [&](std::size_t offset, std::size_t count) {
        int value = 0;
        std::from_chars(text.data() + offset, text.data() + offset + count, value);
        return value;
    };
    const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) fail();
    return std::chrono::sys_days(date).time_since_epoch().count() * 86'400L + number(11, 2) * 3'600 +
           number(14, 2) * 60 + number(17, 2);
}

std::string format_time(Time time) {
    return std::format("{:%FT%TZ}", std::chrono::sys_seconds(std::chrono::seconds(time)));
}

Root parse_root(const Json& signed_part) {
    const Fields fields(signed_part, "root");
    Root root = parse_with_head<Root>(fields, "root");
    root.has_consistent_snapshots = fields.boolean("consistent_snapshot", false);
    root.keys = parse_keys(fields.object("keys"));
    const Fields roles(fields.object("roles"), "roles");
    for (const char* const name : {"root", "timestamp", "snapshot", "targets"})
        root.roles[name] = parse_role_keys(Fields(roles.object(name), std::format("role '{}'", name)));
    return root;
}

Timestamp parse_timestamp(const Json& signed_part) {
    const Fields fields(signed_part, "timestamp");
    Timestamp timestamp = parse_with_head<Timestamp>(fields, "timestamp");
    const Fields meta(fields.object("meta"), "meta");
    timestamp.snapshot = parse_listed_metadata(meta.object("snapshot.json"), "snapshot.json");
    return timestamp;
}

Snapshot parse_snapshot(const Json& signed_part) {
    const Fields fields(signed_part, "snapshot");
    Snapshot snapshot = parse_with_head<Snapshot>(fields, "snapshot");
    for (const auto& [name, file] : fields.object("meta").items())
        snapshot.files[name] = parse_listed_metadata(file, name);
    return snapshot;
}

Targets parse_targets(const Json& signed_part) {
    const Fields fields(signed_part, "targets");
    Targets targets = parse_with_head<Targets>(fields, "targets");
    for (const auto& [name, file] : fields.object("targets").items())
        targets.targets[name] = parse_target(file, name);
    if (fields.find("delegations") != nullptr)
        targets.delegations = parse_delegations(fields.object("delegations"));
    return targets;
}

}  // namespace cairn::tuf
