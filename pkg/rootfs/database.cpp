#include "pkg/rootfs/database.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <format>

#include "pkg/base/error.h"

namespace cairn::rootfs {
namespace {

constexpr int format_version = 1;
constexpr std::uint64_t text_limit = std::uint64_t{256} << 20;

[[noreturn]] void refuse(std::string_view what) {
    throw VerifyError(std::format("cannot use the database of packages: {}", what));
}

const Json& field(const Json& json, const char* name) {
    if (!json.is_object() || !json.contains(name)) refuse(std::format("\"{}\" is missing", name));
    return json.at(name);
}

std::string text_field(const Json& json, const char* name) {
    const Json& value = field(json, name);
    if (!value.is_string()) refuse(std::format("\"{}\" is no text", name));
    return value.get<std::string>();
}

std::uint64_t number_field(const Json& json, const char* name) {
    const Json& value = field(json, name);
    if (!value.is_number_unsigned()) refuse(std::format("\"{}\" is no number", name));
    return value.get<std::uint64_t>();
}

const Json& list_field(const Json& json, const char* name) {
    const Json& value = field(json, name);
    if (!value.is_array()) refuse(std::format("\"{}\" is no list", name));
    return value;
}

void check_format(const Json& json) {
    if (const auto found = number_field(json, "format"); found != format_version)
        refuse(std::format("its format is version {}, and only {} is known", found, format_version));
}

Json to_json(const PackageRecord& record) {
    return {{"name", record.name},
            {"version", record.version},
            {"architecture", record.architecture},
            {"id", record.id.to_hex()}};
}

PackageRecord record_from_json(const Json& json) {
    PackageRecord record{.name = text_field(json, "name"),
                         .version = text_field(json, "version"),
                         .architecture = text_field(json, "architecture")};
    const auto id = crypto::find_hash(text_field(json, "id"));
    if (!package::is_package_name(record.name) || !package::is_version(record.version) || !id)
        refuse(std::format("'{}' is not described as a package", record.name));
    record.id = *id;
    return record;
}

std::optional<PackageRecord> find_record(const Json& json, const char* name) {
    if (!json.contains(name)) return std::nullopt;
    return record_from_json(json.at(name));
}

std::uint64_t parse_history_name(const std::string& name) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    return code == std::errc() && std::string_view(end) == ".json" ? number : 0;
}

}  // namespace

const PackageRecord* Database::find(std::string_view name) const {
    const auto place = std::ranges::lower_bound(
        packages, name, {}, [](const PackageRecord& record) { return std::string_view(record.name); });
    return place != packages.end() && place->name == name ? &*place : nullptr;
}

Json to_json(const Database& database) {
    Json packages = Json::array();
    for (const PackageRecord& record : database.packages) packages.push_back(to_json(record));
    return {{"format", format_version}, {"transaction", database.transaction}, {"packages", packages}};
}

Database database_from_json(const Json& json) {
    check_format(json);
    Database database{.transaction = number_field(json, "transaction")};
    for (const Json& record : list_field(json, "packages"))
        database.packages.push_back(record_from_json(record));
    const auto is_out_of_order = [](const PackageRecord& left, const PackageRecord& right) {
        return left.name >= right.name;
    };
    if (std::ranges::adjacent_find(database.packages, is_out_of_order) != database.packages.end())
        refuse("its packages are not in order");
    return database;
}

Json to_json(const HistoryEntry& entry) {
    Json changes = Json::array();
    for (const PackageChange& change : entry.changes) {
        Json json{{"name", change.name}};
        if (change.from) json["from"] = to_json(*change.from);
        if (change.to) json["to"] = to_json(*change.to);
        changes.push_back(std::move(json));
    }
    return {{"format", format_version}, {"number", entry.number}, {"time", entry.time},
            {"command", entry.command}, {"changes", changes},     {"kept", entry.kept}};
}

HistoryEntry history_entry_from_json(const Json& json) {
    check_format(json);
    HistoryEntry entry{.number = number_field(json, "number"), .command = text_field(json, "command")};
    if (!field(json, "time").is_number_integer()) refuse("\"time\" is no number");
    entry.time = json.at("time").get<std::int64_t>();
    for (const Json& change : list_field(json, "changes"))
        entry.changes.push_back({.name = text_field(change, "name"),
                                 .from = find_record(change, "from"),
                                 .to = find_record(change, "to")});
    for (const Json& path : list_field(json, "kept")) {
        if (!path.is_string()) refuse("\"kept\" has something else than paths");
        entry.kept.push_back(path.get<std::string>());
    }
    return entry;
}

std::optional<std::string> find_text(const Dir& directory, std::string_view path) {
    if (!directory.find_status(path)) return std::nullopt;
    const Fd fd = directory.open_file(path, O_RDONLY);
    const std::string name = std::format("{}/{}", directory.name(), path);
    const std::uint64_t size = file_size(fd.get(), name);
    if (size > text_limit) throw VerifyError(std::format("cannot use '{}': it is too large", name));
    std::string text(size, '\0');
    read_exactly_at(fd.get(), {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, 0, name);
    return text;
}

Database read_database(const Dir& state) {
    const auto text = find_text(state, "installed.json");
    if (!text) return {};
    const std::string name = state.name() + "/installed.json";
    return with_context(std::format("reading '{}'", name),
                        [&] { return database_from_json(parse_json(*text, name)); });
}

std::vector<HistoryEntry> read_history(const Dir& state) {
    std::vector<HistoryEntry> history;
    if (!state.find_status("history")) return history;
    for (const std::string& file : state.names("history")) {
        const std::string path = "history/" + file;
        const auto text = parse_history_name(file) != 0 ? find_text(state, path) : std::nullopt;
        if (!text) continue;
        with_context(std::format("reading '{}/{}'", state.name(), path),
                     [&] { history.push_back(history_entry_from_json(parse_json(*text, path))); });
    }
    std::ranges::sort(history, {}, &HistoryEntry::number);
    return history;
}

package::VerifiedHead read_head(const Dir& state, const PackageRecord& record) {
    const std::string path = "heads/" + record.id.to_hex();
    return with_context(std::format("reading the file table of package '{}'", record.name), [&] {
        const auto bytes = find_text(state, path);
        if (!bytes) throw VerifyError(std::format("'{}/{}' is missing", state.name(), path));
        package::VerifiedHead head = package::verify_head(
            std::span(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()),
            package::AllowedKeys::any_signer());
        if (head.id() != record.id || head.head().identity.name != record.name)
            throw VerifyError(std::format("'{}/{}' is that of another package", state.name(), path));
        return head;
    });
}

std::vector<package::VerifiedHead> read_heads(const Dir& state, const Database& database) {
    std::vector<package::VerifiedHead> heads;
    heads.reserve(database.packages.size());
    for (const PackageRecord& record : database.packages) heads.push_back(read_head(state, record));
    return heads;
}

PackageRecord make_record(const package::VerifiedHead& head) {
    const package::Identity& identity = head.head().identity;
    return {.name = identity.name,
            .version = identity.version,
            .architecture = identity.architecture,
            .id = head.id()};
}

}  // namespace cairn::rootfs
