#include "pkg/base/toml.h"

#define TOML_HEADER_ONLY 1
#include <format>
#include <toml++/toml.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn {

struct TomlTable::Document {
    std::string file_name;
    toml::table root;
};

namespace {

const toml::table& as_table(const void* table) {
    return *static_cast<const toml::table*>(table);
}
const toml::node* as_node(const void* node) {
    return static_cast<const toml::node*>(node);
}

std::string place(const std::string& file, const toml::source_region& region) {
    return std::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

std::string type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a number with a point";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::none:
            return "nothing";
        default:
            return "a date or time";
    }
}

}  // namespace

TomlTable::TomlTable(std::shared_ptr<const Document> document, const void* table, std::string path)
    : document_(std::move(document)),
      table_(table),
      path_(std::move(path)),
      asked_(std::make_shared<std::set<std::string, std::less<>>>()) {}

TomlTable TomlTable::read(const std::filesystem::path& path) {
    return parse(read_file(path, 1 << 20), path.string());
}

TomlTable TomlTable::parse(std::string_view text, const std::string& file_name) {
    auto document = std::make_shared<Document>();
    document->file_name = file_name;
    try {
        document->root = toml::parse(text, file_name);
    } catch (const toml::parse_error& error) {
        throw UsageError(std::format("cannot read '{}': {}", file_name, error.description()))
            .detail("at", place(file_name, error.source()));
    }
    const void* root = &document->root;
    return TomlTable(std::move(document), root, "");
}

bool TomlTable::has(std::string_view key) const {
    return as_table(table_).contains(key);
}

std::vector<std::string> TomlTable::keys() const {
    std::vector<std::string> names;
    for (const auto& [key, value] : as_table(table_)) names.emplace_back(key.str());
    return names;
}

const void* TomlTable::find_value(std::string_view key) {
    asked_->emplace(key);
    return as_table(table_).get(key);
}

void TomlTable::fail(std::string_view key, const std::string& message) const {
    const toml::node* node = as_table(table_).get(key);
    const std::string name = path_.empty() ? std::string(key) : std::format("{}.{}", path_, key);
    UsageError error(std::format("wrong value in '{}': '{}' {}", document_->file_name, name, message));
    if (node != nullptr) throw error.detail("at", place(document_->file_name, node->source()));
    // The key is not there, perhaps because it is misspelt: then the misspelt one is what to look at.
    for (const auto& [other, value] : as_table(table_)) {
        if (asked_->contains(other.str()) || !find_nearest(other.str(), {{std::string(key)}})) continue;
        throw error.detail("at", place(document_->file_name, other.source()))
            .hint(std::format("'{}' stands there; did you mean '{}'?", other.str(), key));
    }
    throw error.detail("at", place(document_->file_name, as_table(table_).source()));
}

std::optional<std::string> TomlTable::find_string(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return std::nullopt;
    if (!node->is_string()) fail(key, std::format("must be a string, not {}", type_name(*node)));
    return node->as_string()->get();
}

std::optional<std::int64_t> TomlTable::find_integer(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return std::nullopt;
    if (!node->is_integer()) fail(key, std::format("must be an integer, not {}", type_name(*node)));
    return node->as_integer()->get();
}

std::optional<bool> TomlTable::find_bool(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return std::nullopt;
    if (!node->is_boolean()) fail(key, std::format("must be true or false, not {}", type_name(*node)));
    return node->as_boolean()->get();
}

std::string TomlTable::string_or(std::string_view key, std::string default_value) {
    return find_string(key).value_or(std::move(default_value));
}

std::int64_t TomlTable::integer_or(std::string_view key, std::int64_t default_value) {
    return find_integer(key).value_or(default_value);
}

bool TomlTable::bool_or(std::string_view key, bool default_value) {
    return find_bool(key).value_or(default_value);
}

std::string TomlTable::required_string(std::string_view key) {
    std::optional<std::string> value = find_string(key);
    if (!value) fail(key, "is missing");
    return *value;
}

std::vector<std::string> TomlTable::strings(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return {};
    if (node->is_string()) return {node->as_string()->get()};
    if (!node->is_array()) fail(key, std::format("must be a list of strings, not {}", type_name(*node)));
    std::vector<std::string> values;
    for (const toml::node& item : *node->as_array()) {
        if (!item.is_string())
            fail(key, std::format("must be a list of strings, but holds {}", type_name(item)));
        values.push_back(item.as_string()->get());
    }
    return values;
}

std::optional<TomlTable> TomlTable::find_table(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return std::nullopt;
    if (!node->is_table()) fail(key, std::format("must be a table, not {}", type_name(*node)));
    return TomlTable(document_, node->as_table(),
                     path_.empty() ? std::string(key) : std::format("{}.{}", path_, key));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
    const toml::node* node = as_node(find_value(key));
    if (node == nullptr) return {};
    if (!node->is_array()) fail(key, std::format("must be [[{}]] tables, not {}", key, type_name(*node)));
    std::vector<TomlTable> result;
    for (const toml::node& item : *node->as_array()) {
        if (!item.is_table())
            fail(key, std::format("must be [[{}]] tables, but holds {}", key, type_name(item)));
        result.push_back(
            TomlTable(document_, item.as_table(),
                      std::format("{}[{}]", path_.empty() ? std::string(key) : path_ + "." + std::string(key),
                                  result.size())));
    }
    return result;
}

void TomlTable::finish() const {
    for (const auto& [key, value] : as_table(table_)) {
        if (asked_->contains(key.str())) continue;
        const std::string name =
            path_.empty() ? std::string(key.str()) : std::format("{}.{}", path_, key.str());
        UsageError error(std::format("unknown key '{}' in '{}'", name, document_->file_name));
        error.detail("at", place(document_->file_name, key.source()));
        const std::vector<std::string> known(asked_->begin(), asked_->end());
        if (const auto nearest = find_nearest(key.str(), known)) {
            error.hint(std::format("did you mean '{}'?", *nearest));
        } else {
            error.hint(std::format("known keys here: {}", join(known, ", ")));
        }
        throw error;
    }
}

const std::string& TomlTable::file_name() const {
    return document_->file_name;
}

}  // namespace cairn
