#include <algorithm>
#include <format>

#include "installer/settings/letters.h"
#include "installer/settings/values.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

constexpr std::size_t most_violations = 100;
constexpr std::size_t longest_shown = 60;

/// As JSON in ASCII, cut where it gets long: nothing in it can move a terminal's cursor or break a line.
std::string show(const Json& value) {
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > longest_shown) text = text.substr(0, longest_shown) + "…";
    return text;
}

std::string type_name(const Json& value) {
    if (value.is_null()) return "null";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number_integer()) return "an integer";
    if (value.is_number()) return "a number with a point";
    if (value.is_string()) return "a string";
    return value.is_array() ? "a list" : "a table";
}

class Checker {
  public:
    std::vector<Violation> take() { return std::move(violations_); }

    void check(const Json& value, const Definition& definition, const std::string& path) {
        if (violations_.size() >= most_violations) return;
        switch (definition.kind) {
            case Kind::boolean:
                if (!value.is_boolean()) add_wrong_type(value, definition, path);
                return;
            case Kind::integer:
                return check_integer(value, definition, path);
            case Kind::string:
                return check_string(value, definition, path);
            case Kind::enumeration:
                if (!value.is_string()) return add_wrong_type(value, definition, path);
                if (!std::ranges::contains(definition.choices, value.get_ref<const std::string&>()))
                    add(value, definition, path, "is no value of it");
                return;
            case Kind::list:
                return check_list(value, definition, path);
            case Kind::table:
                return check_table(value, definition, path);
            case Kind::record:
                return check_record(value, definition, path);
        }
    }

    void check_group(const Json& value, const Schema& schema, const std::string& path) {
        if (!value.is_object())
            return add({path, "", std::format("is {}", type_name(value)), "a table of settings"});
        for (const auto& [key, below] : value.items()) {
            const std::string full = path.empty() ? key : std::format("{}.{}", path, key);
            const bool is_word =
                is_setting_word(key);  // a key with '.' in it must not find another's setting
            if (const Setting* setting = is_word ? schema.find(full) : nullptr)
                check(below, setting->definition, full);
            else if (is_word && schema.is_group(full))
                check_group(below, schema, full);
            else
                add_unknown(path, key, schema.words_below(path));
        }
    }

    void check_required(const Json& document, const Schema& schema) {
        for (const auto& [path, setting] : schema.settings())
            if (setting.definition.is_required && find_value(document, path) == nullptr)
                add({path, "", "is missing", describe_allowed(setting.definition)});
    }

  private:
    void add(Violation violation) {
        if (violations_.size() < most_violations) violations_.push_back(std::move(violation));
    }
    void add(const Json& value, const Definition& definition, const std::string& path, std::string why) {
        const bool is_shown = !value.is_structured();
        add({path,
             definition.has_secret() ? "(secret)"
             : is_shown              ? show(value)
                                     : "",
             std::move(why), describe_allowed(definition)});
    }
    void add_wrong_type(const Json& value, const Definition& definition, const std::string& path) {
        add(value, definition, path, std::format("is {}", type_name(value)));
    }
    /// The value is not shown: it may be a secret under a misspelt name.
    void add_unknown(const std::string& path, const std::string& key, const std::vector<std::string>& known) {
        const auto nearest = find_nearest(key, known);
        add({format_step(path, key), "", "is not known",
             nearest ? std::format("did you mean '{}'?", *nearest)
                     : std::format("one of '{}'", join(known, "', '"))});
    }

    void check_integer(const Json& value, const Definition& definition, const std::string& path) {
        if (!value.is_number_integer()) return add_wrong_type(value, definition, path);
        constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        const bool is_huge = value.is_number_unsigned() && value.get<std::uint64_t>() > limit;
        if (is_huge || value.get<std::int64_t>() > definition.most)
            add(value, definition, path, "is too large");
        else if (value.get<std::int64_t>() < definition.least)
            add(value, definition, path, "is too small");
    }

    void check_string(const Json& value, const Definition& definition, const std::string& path) {
        if (!value.is_string()) return add_wrong_type(value, definition, path);
        const auto& text = value.get_ref<const std::string&>();
        const std::size_t letters = count_letters(text);
        if (letters == SIZE_MAX) return add(value, definition, path, "is not UTF-8");
        if (const auto why = find_length_problem(letters, definition))
            return add(value, definition, path, *why);
        const bool has_control = std::ranges::any_of(text, [&](char letter) {
            const bool is_allowed = definition.is_multiline && (letter == '\n' || letter == '\t');
            return (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) && !is_allowed;
        });
        if (has_control) return add(value, definition, path, "holds a control letter");
        if (definition.pattern && !definition.pattern->is_match(text))
            add(value, definition, path, "does not match");
    }

    static std::optional<std::string> find_length_problem(std::size_t count, const Definition& definition) {
        if (std::cmp_greater(count, definition.most)) return std::format("is too long: {}", count);
        if (std::cmp_less(count, definition.least)) return std::format("is too short: {}", count);
        return std::nullopt;
    }

    void check_list(const Json& value, const Definition& definition, const std::string& path) {
        if (!value.is_array()) return add_wrong_type(value, definition, path);
        if (const auto why = find_length_problem(value.size(), definition))
            return add(value, definition, path, *why);
        for (std::size_t i = 0; i < value.size(); ++i)
            check(value[i], definition.item[0], std::format("{}[{}]", path, i));
        if (!definition.is_unique) return;
        std::vector<Json> sorted = value.get<std::vector<Json>>();
        std::ranges::sort(sorted, [](const Json& one, const Json& other) { return one < other; });
        if (std::ranges::adjacent_find(sorted) != sorted.end())
            add(value, definition, path, "holds an item twice");
    }

    void check_table(const Json& value, const Definition& definition, const std::string& path) {
        if (!value.is_object()) return add_wrong_type(value, definition, path);
        if (const auto why = find_length_problem(value.size(), definition))
            return add(value, definition, path, *why);
        for (const auto& [name, entry] : value.items()) {
            if (definition.pattern->is_match(name))
                check(entry, definition.item[0], format_step(path, name));
            else
                add({format_step(path, name), "", "is no name for an entry",
                     std::format("names that match '{}'", definition.pattern->text())});
        }
    }

    void check_record(const Json& value, const Definition& definition, const std::string& path) {
        if (!value.is_object()) return add_wrong_type(value, definition, path);
        for (const auto& [key, field] : value.items()) {
            if (const Definition* known = definition.find_field(key))
                check(field, *known, format_step(path, key));
            else
                add_unknown(path, key, names_of(definition));
        }
        for (const Definition& field : definition.fields)
            if (field.is_required && !value.contains(field.name))
                add({format_step(path, field.name), "", "is missing", describe_allowed(field)});
    }

    static std::vector<std::string> names_of(const Definition& record) {
        std::vector<std::string> names;
        for (const Definition& field : record.fields) names.push_back(field.name);
        return names;
    }

    std::vector<Violation> violations_;
};

}  // namespace

std::string format_step(const std::string& path, const std::string& name) {
    const bool is_plain = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char letter) {
        return letter == '_' || letter == '-' || (letter >= '0' && letter <= '9') ||
               (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    });
    if (!is_plain) return std::format("{}[{}]", path, show(name));
    return path.empty() ? name : std::format("{}.{}", path, name);
}

std::vector<Violation> find_violations(const Json& document, const Schema& schema) {
    Checker checker;
    checker.check_group(document, schema, "");
    checker.check_required(document, schema);
    return checker.take();
}

std::vector<Violation> find_violations_within(const Json& document, const Schema& schema) {
    Checker checker;
    checker.check_group(document, schema, "");
    return checker.take();
}

std::vector<Violation> find_violations(const Json& value, const Definition& definition,
                                       std::string_view path) {
    Checker checker;
    checker.check(value, definition, std::string(path));
    return checker.take();
}

}  // namespace cairn::settings
