#include "installer/settings/formats.h"

#include <format>
#include <map>
#include <string>

#include "installer/settings/files.h"
#include "installer/settings/owner.h"
#include "installer/settings/store.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;

constexpr int format_version = 1;
constexpr std::size_t largest = 1 << 20;
constexpr std::size_t most_versions = 64;

/// `formats.json`.
struct Record {
    std::int64_t holds = 0;  // the format whose store the last start used; 0: there was none
    std::map<std::string, std::int64_t> versions;
    bool operator==(const Record&) const = default;
};

fs::path record_path(const Places& places) {
    return places.store / "formats.json";
}

Record read_record(const Places& places) {
    const fs::path path = record_path(places);
    const auto text = find_file(path, largest);
    if (!text) return {};
    const Json document = parse_json(*text, path.string());
    try {
        if (document.at("format") != format_version)
            throw VerifyError(
                std::format("cannot use '{}': it is not of format {}", path.string(), format_version));
        return {document.at("holds").get<std::int64_t>(),
                document.at("versions").get<std::map<std::string, std::int64_t>>()};
    } catch (const Json::exception& error) {
        throw VerifyError(std::format("cannot use '{}': {}", path.string(), error.what()));
    }
}

void write_record(const Places& places, const Record& record) {
    const Json document = {
        {"format", format_version}, {"holds", record.holds}, {"versions", record.versions}};
    replace_file(record_path(places), format_json(document), 0600);
}

Migrated migrate_stored(const Places& places, const std::vector<Migration>& migrations, std::int64_t from,
                        std::int64_t to) {
    return with_context(std::format("migrating the settings from format {} to {}", from, to),
                        [&] { return migrate(read_stored(places.store_of(from)), migrations, from, to); });
}

void migrate_forward(const Places& places, const ImageSettings& image, std::int64_t from, std::int64_t now) {
    const Migrated migrated = migrate_stored(places, image.migrations, from, image.format);
    verify_values(migrated.values, image.schema);
    Store(places.store_of(image.format))
        .commit_migrated(migrated, from, {now, "migration", std::format("from settings format {}", from)});
}

}  // namespace

StoreStart start_version(const Places& places, const ImageSettings& image, std::string_view version,
                         std::int64_t now) {
    const AsOwner owner(places.store);
    const Record before = read_record(places);
    const bool is_newer = before.holds != 0 && before.holds < image.format;
    // Power may fail between any two lines: until the record says otherwise the older store is the one that
    // counts, and the copy is made once more.
    if (is_newer) migrate_forward(places, image, before.holds, now);
    Record record = before;
    record.holds = image.format;
    if (record.versions.size() >= most_versions)
        record.versions.clear();  // those that could be returned to start anew
    record.versions[std::string(version)] = image.format;
    if (record != before) write_record(places, record);
    if (is_newer) return StoreStart::migrated;
    return before.holds > image.format ? StoreStart::returned : StoreStart::same;
}

Values try_settings(const Places& places, const ImageSettings& newer) {
    const std::int64_t holds = read_record(places).holds;
    const std::int64_t from = holds == 0 ? newer.format : holds;
    Values values =
        verify_values(migrate_stored(places, newer.migrations, from, newer.format).values, newer.schema);
    plan_files(newer.templates, nullptr, values.effective());
    return values;
}

void migrate_back(const Places& places, const ImageSettings& running, std::string_view older_version,
                  std::int64_t now) {
    const AsOwner owner(places.store);
    Record record = read_record(places);
    const auto found = record.versions.find(std::string(older_version));
    if (found == record.versions.end() || found->second >= running.format) return;
    const std::int64_t to = found->second;
    const Migrated migrated = migrate_stored(places, running.migrations, running.format, to);
    Store(places.store_of(to))
        .commit_migrated(migrated, running.format,
                         {now, "rollback", std::format("from settings format {}", running.format)});
    record.holds = to;
    write_record(places, record);
}

}  // namespace cairn::settings
