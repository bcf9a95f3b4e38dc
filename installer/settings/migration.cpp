#include "installer/settings/migration.h"

#include <algorithm>
#include <array>
#include <format>

#include "installer/settings/definition.h"
#include "installer/settings/values.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

using Kind = MigrationStep::Kind;

constexpr std::int64_t format_version = 1;
constexpr std::array<std::pair<std::string_view, Kind>, 5> kinds{{{"move", Kind::move},
                                                                  {"add", Kind::add},
                                                                  {"remove", Kind::remove},
                                                                  {"preset", Kind::preset},
                                                                  {"map", Kind::map}}};

std::string required_path(TomlTable& table, std::string_view key) {
    std::string path = table.required_string(key);
    if (!std::ranges::all_of(split(path, '.'), is_setting_word)) table.fail(key, "is no path of a setting");
    return path;
}

Json required_json(TomlTable& table, std::string_view key) {
    auto value = table.find_json(key);
    if (!value) table.fail(key, "is missing");
    return *value;
}

MigrationStep read_step(TomlTable& table) {
    MigrationStep step;
    const std::string what = table.required_string("do");
    const auto kind = std::ranges::find(kinds, what, [](const auto& pair) { return pair.first; });
    if (kind == kinds.end()) table.fail("do", "must be move, add, remove, preset or map");
    step.kind = kind->second;
    step.path = required_path(table, "path");
    if (step.kind == Kind::move) step.to = required_path(table, "to");
    if (step.kind == Kind::preset) step.value = required_json(table, "value");
    if (step.kind == Kind::map)
        for (TomlTable& pair : table.tables("values")) {
            step.values.emplace_back(required_json(pair, "older"), required_json(pair, "newer"));
            pair.finish();
        }
    if (step.kind == Kind::map && step.values.empty()) table.fail("values", "must hold at least one pair");
    table.finish();
    return step;
}

/// One step in one direction, over a document and the place where it keeps what it must.
class Stepper {
  public:
    Stepper(Migrated& state, std::string slot) : state_(state), slot_(std::move(slot)) {}

    void forward(const MigrationStep& step) {
        switch (step.kind) {
            case Kind::move:
                return move(step.path, step.to);
            case Kind::add:
                return bring_back(step.path);
            case Kind::remove:
                return put_away(step.path);
            case Kind::preset:
                if (find_value(state_.values, step.path) != nullptr) return;
                set_value(state_.values, step.path, step.value);
                state_.kept[slot_] = step.value;
                return;
            case Kind::map:
                return map(
                    step, [](const auto& pair) { return pair.first; },
                    [](const auto& pair) { return pair.second; });
        }
    }

    void backward(const MigrationStep& step) {
        switch (step.kind) {
            case Kind::move:
                return move(step.to, step.path);
            case Kind::add:
                return put_away(step.path);
            case Kind::remove:
                return bring_back(step.path);
            case Kind::preset: {
                const Json* value = find_value(state_.values, step.path);
                if (value != nullptr && state_.kept.contains(slot_) && state_.kept[slot_] == *value)
                    remove_value(state_.values, step.path);
                state_.kept.erase(slot_);
                return;
            }
            case Kind::map:
                return map(
                    step, [](const auto& pair) { return pair.second; },
                    [](const auto& pair) { return pair.first; });
        }
    }

  private:
    void put(const std::string& path, Json value) {
        if (find_value(state_.values, path) != nullptr)
            throw UsageError(std::format("cannot migrate settings: '{}' is set already", path));
        set_value(state_.values, path, std::move(value));
    }
    void move(const std::string& from, const std::string& to) {
        const Json* value = find_value(state_.values, from);
        if (value == nullptr) return;
        Json moved = *value;
        remove_value(state_.values, from);
        put(to, std::move(moved));
    }
    void put_away(const std::string& path) {
        const Json* value = find_value(state_.values, path);
        if (value == nullptr) return;
        state_.kept[slot_] = *value;
        remove_value(state_.values, path);
    }
    void bring_back(const std::string& path) {
        const auto kept = state_.kept.find(slot_);
        if (kept == state_.kept.end()) return;
        put(path, *kept);
        state_.kept.erase(kept);
    }
    /// Two values may become one: what it was is kept, and holds for the way back unless somebody has set
    /// another since.
    void map(const MigrationStep& step, auto from, auto to) {
        const Json* value = find_value(state_.values, step.path);
        const Json kept = state_.kept.value(slot_, Json());
        state_.kept.erase(slot_);
        if (value == nullptr) return;
        const Json before = *value;
        Json after = before;
        if (kept.is_object() && kept.at("outcome") == before) {
            after = kept.at("was");
        } else if (const auto pair = std::ranges::find(step.values, before, from);
                   pair != step.values.end()) {
            after = to(*pair);
        }
        state_.kept[slot_] = {{"was", before}, {"outcome", after}};
        set_value(state_.values, step.path, after);
    }

    Migrated& state_;
    std::string slot_;
};

const Migration& find_migration(const std::vector<Migration>& migrations, std::int64_t from) {
    const auto found = std::ranges::find(migrations, from, &Migration::from);
    if (found == migrations.end())
        throw UsageError(
            std::format("cannot migrate settings: no migration leads from format {} to {}", from, from + 1));
    return *found;
}

}  // namespace

Migration parse_migration(std::string_view text, const std::string& file_name) {
    TomlTable table = TomlTable::parse(text, file_name);
    Migration migration{.file = file_name};
    if (table.find_integer("format") != format_version)
        table.fail("format", std::format("must be {}", format_version));
    const auto from = table.find_integer("from");
    if (!from || *from < 1 || *from > 1'000'000) table.fail("from", "must be a settings format, 1 or above");
    migration.from = *from;
    for (TomlTable& step : table.tables("step")) migration.steps.push_back(read_step(step));
    table.finish();
    return migration;
}

std::vector<Migration> read_migrations(const std::filesystem::path& directory) {
    std::vector<Migration> migrations;
    if (!std::filesystem::exists(directory)) return migrations;
    for (const std::string& name : Dir::open(directory).names("")) {
        if (!name.ends_with(".toml")) continue;
        const std::filesystem::path file = directory / name;
        migrations.push_back(parse_migration(read_file(file, 1 << 20), file.string()));
    }
    std::ranges::stable_sort(migrations, {}, &Migration::from);
    const auto twice = std::ranges::adjacent_find(migrations, {}, &Migration::from);
    if (twice != migrations.end())
        throw UsageError(std::format("cannot use migrations: two begin at settings format {}", twice->from))
            .detail("first", twice->file)
            .detail("second", std::next(twice)->file);
    return migrations;
}

Migrated migrate(Migrated state, const std::vector<Migration>& migrations, std::int64_t from,
                 std::int64_t to) {
    for (; from < to; ++from) {
        const Migration& migration = find_migration(migrations, from);
        for (std::size_t i = 0; i < migration.steps.size(); ++i)
            Stepper(state, std::format("{}.{}", from, i)).forward(migration.steps[i]);
    }
    for (; from > to; --from) {
        const Migration& migration = find_migration(migrations, from - 1);
        for (std::size_t i = migration.steps.size(); i > 0; --i)
            Stepper(state, std::format("{}.{}", from - 1, i - 1)).backward(migration.steps[i - 1]);
    }
    return state;
}

}  // namespace cairn::settings
