#include "installer/settings/definition.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "installer/settings/values.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

constexpr unsigned deepest = 8;
constexpr std::int64_t most_letters = 65536;
constexpr std::int64_t most_items = 4096;

constexpr std::array<std::pair<std::string_view, Kind>, 7> kinds{{{"boolean", Kind::boolean},
                                                                  {"integer", Kind::integer},
                                                                  {"string", Kind::string},
                                                                  {"enumeration", Kind::enumeration},
                                                                  {"list", Kind::list},
                                                                  {"table", Kind::table},
                                                                  {"record", Kind::record}}};

Kind read_kind(TomlTable& table) {
    const std::string type = table.required_string("type");
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds) {
        if (name == type) return kind;
        names.emplace_back(name);
    }
    table.fail("type", std::format("must be one of {}, not '{}'", join(names, ", "), type));
}

Pattern read_pattern(TomlTable& table, std::string_view key, const std::string& text) {
    try {
        return Pattern::parse(text);
    } catch (const UsageError& error) {
        table.fail(key, error.message());
    }
}

void read_bounds(TomlTable& table, Definition& definition, const std::string& least, const std::string& most,
                 std::pair<std::int64_t, std::int64_t> usual, std::int64_t limit) {
    definition.least = table.integer_or(least, usual.first);
    definition.most = table.integer_or(most, usual.second);
    if (limit > 0 && definition.least < 0) table.fail(least, "must not be negative");
    if (limit > 0 && definition.most > limit) table.fail(most, std::format("must be at most {}", limit));
    if (definition.least > definition.most)
        table.fail(
            table.has(least) ? least : most,
            std::format("leaves nothing: the least is {}, the most {}", definition.least, definition.most));
}

Definition read_at(TomlTable& table, unsigned depth, bool is_secret);

Definition read_within(TomlTable& table, std::string_view key, unsigned depth, bool is_secret) {
    auto below = table.find_table(key);
    if (!below) table.fail(key, "is missing");
    if (depth >= deepest) table.fail(key, std::format("is deeper than {} levels", deepest));
    Definition definition = read_at(*below, depth + 1, is_secret);
    below->finish();
    return definition;
}

void read_fields(TomlTable& table, Definition& definition, unsigned depth) {
    auto fields = table.find_table("fields");
    if (!fields || fields->keys().empty()) table.fail("fields", "is missing");
    for (const std::string& name : fields->keys()) {
        if (!is_setting_word(name))
            fields->fail(name, "must be small letters, digits and '_', a letter first, at most 63");
        Definition field = read_within(*fields, name, depth, definition.is_secret);
        field.name = name;
        definition.fields.push_back(std::move(field));
    }
    std::ranges::sort(definition.fields, {}, &Definition::name);
}

void read_choices(TomlTable& table, Definition& definition) {
    definition.choices = table.strings("values");
    if (definition.choices.empty()) table.fail("values", "must name at least one value");
    std::vector<std::string> sorted = definition.choices;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) table.fail("values", "names a value twice");
}

void read_items(TomlTable& table, Definition& definition, unsigned depth) {
    const bool is_list = definition.kind == Kind::list;
    read_bounds(table, definition, is_list ? "min_items" : "min_entries",
                is_list ? "max_items" : "max_entries", {0, 256}, most_items);
    if (is_list)
        definition.is_unique = table.bool_or("unique", false);
    else
        definition.pattern = read_pattern(table, "name_pattern",
                                          table.string_or("name_pattern", "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"));
    definition.item.push_back(read_within(table, is_list ? "item" : "entry", depth, definition.is_secret));
}

void read_kind_keys(TomlTable& table, Definition& definition, unsigned depth) {
    switch (definition.kind) {
        case Kind::boolean:
            return;
        case Kind::integer:
            return read_bounds(table, definition, "min", "max", {definition.least, definition.most}, 0);
        case Kind::string:
            read_bounds(table, definition, "min_length", "max_length", {0, 1024}, most_letters);
            definition.is_multiline = table.bool_or("multiline", false);
            if (const auto text = table.find_string("pattern"))
                definition.pattern = read_pattern(table, "pattern", *text);
            return;
        case Kind::enumeration:
            return read_choices(table, definition);
        case Kind::list:
        case Kind::table:
            return read_items(table, definition, depth);
        case Kind::record:
            return read_fields(table, definition, depth);
    }
}

void read_default(TomlTable& table, Definition& definition) {
    definition.default_value = table.find_json("default");
    if (!definition.default_value) return;
    if (definition.has_secret()) table.fail("default", "is for all to read, but the value is a secret");
    if (definition.is_required) table.fail("default", "means nothing where a value is required");
    const auto violations = find_violations(*definition.default_value, definition, "default");
    if (!violations.empty()) table.fail("default", describe(violations.front()));
}

Definition read_at(TomlTable& table, unsigned depth, bool is_secret) {
    Definition definition;
    definition.kind = read_kind(table);
    table.find_string("description");
    definition.is_secret = table.bool_or("secret", false) || is_secret;
    definition.is_required = table.bool_or("required", false);
    read_kind_keys(table, definition, depth);
    read_default(table, definition);
    return definition;
}

std::string describe_bounds(const Definition& definition, std::string_view what) {
    return std::format("{} to {} {}", definition.least, definition.most, what);
}

std::string describe_integer(const Definition& definition) {
    using Limits = std::numeric_limits<std::int64_t>;
    const bool has_least = definition.least != Limits::min();
    const bool has_most = definition.most != Limits::max();
    if (has_least && has_most)
        return std::format("an integer from {} to {}", definition.least, definition.most);
    if (has_least) return std::format("an integer of at least {}", definition.least);
    if (has_most) return std::format("an integer of at most {}", definition.most);
    return "an integer of 64 bits";
}

}  // namespace

Definition read_definition(TomlTable& table) {
    return read_at(table, 1, false);
}

bool is_setting_word(std::string_view word) {
    return !word.empty() && word.size() <= 63 && word[0] >= 'a' && word[0] <= 'z' &&
           std::ranges::all_of(word, [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
           });
}

const Definition* Definition::find_field(std::string_view field) const {
    const auto found = std::ranges::find(fields, field, &Definition::name);
    return found == fields.end() ? nullptr : &*found;
}

bool Definition::has_secret() const {
    return is_secret || std::ranges::any_of(item, &Definition::has_secret) ||
           std::ranges::any_of(fields, &Definition::has_secret);
}

std::string describe_allowed(const Definition& definition) {
    switch (definition.kind) {
        case Kind::boolean:
            return "true or false";
        case Kind::integer:
            return describe_integer(definition);
        case Kind::string:
            return std::format(
                "a string of {}{}{}", describe_bounds(definition, "letters"),
                definition.is_multiline ? " in any number of lines" : " in one line",
                definition.pattern ? std::format(" that matches '{}'", definition.pattern->text()) : "");
        case Kind::enumeration:
            return std::format("one of '{}'", join(definition.choices, "', '"));
        case Kind::list:
            return std::format("a list of {}{}", describe_bounds(definition, "items"),
                               definition.is_unique ? ", none of them twice" : "");
        case Kind::table:
            return std::format("a table of {} with names that match '{}'",
                               describe_bounds(definition, "entries"), definition.pattern->text());
        case Kind::record:
            break;
    }
    std::vector<std::string> names;
    for (const Definition& field : definition.fields) names.push_back(field.name);
    return std::format("a table with the keys '{}'", join(names, "', '"));
}

}  // namespace cairn::settings
