#include "installer/settings/schema.h"

#include <algorithm>
#include <format>
#include <utility>

#include "installer/settings/values.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

constexpr std::int64_t format_version = 1;

void check_path(TomlTable& table, const std::string& path) {
    const std::vector<std::string> words = split(path, '.');
    if (words.size() > 8 || !std::ranges::all_of(words, is_setting_word))
        table.fail("path", std::format("must be one to eight words with '.' between them, each of small "
                                       "letters, digits and '_', a letter first, not '{}'",
                                       path));
}

Setting read_setting(TomlTable& table, const std::string& piece) {
    Setting setting;
    setting.path = table.required_string("path");
    check_path(table, setting.path);
    setting.definition = read_definition(table);
    setting.description = table.required_string("description");
    setting.is_first_boot = table.bool_or("first_boot", false);
    setting.piece = piece;
    setting.place = table.place("path");
    table.finish();
    return setting;
}

[[noreturn]] void fail_clash(const Setting& one, const Setting& other) {
    const std::string what = one.path == other.path
                                 ? std::format("setting '{}' is described twice", one.path)
                                 : std::format("setting '{}' lies within setting '{}'", other.path, one.path);
    throw UsageError(std::format("cannot put the settings' schema together: {}", what))
        .detail(std::format("by piece '{}'", one.piece), one.place)
        .detail(std::format("by piece '{}'", other.piece), other.place)
        .hint("only one package may own a setting; leave it out of one of the two");
}

}  // namespace

Piece parse_piece(std::string_view text, const std::string& file_name) {
    TomlTable table = TomlTable::parse(text, file_name);
    Piece piece{.name = std::filesystem::path(file_name).stem().string()};
    if (const auto format = table.find_integer("format"); format != format_version)
        table.fail("format", format ? std::format("is {}; this reader knows {}", *format, format_version)
                                    : "is missing");
    for (TomlTable& setting : table.tables("setting"))
        piece.settings.push_back(read_setting(setting, piece.name));
    table.finish();
    return piece;
}

Piece read_piece(const std::filesystem::path& file) {
    return parse_piece(read_file(file, 1 << 20), file.string());
}

Schema::Schema(const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces)
        for (const Setting& setting : piece.settings) {
            const auto [found, is_new] = settings_.try_emplace(setting.path, setting);
            if (!is_new) fail_clash(found->second, setting);
        }
    for (const auto& [path, setting] : settings_)
        for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
            if (const Setting* outer = find(path.substr(0, dot))) fail_clash(*outer, setting);
}

const Setting* Schema::find(std::string_view path) const {
    const auto found = settings_.find(path);
    return found == settings_.end() ? nullptr : &found->second;
}

bool Schema::is_group(std::string_view path) const {
    if (path.empty()) return true;
    const std::string prefix = std::format("{}.", path);
    const auto found = settings_.lower_bound(prefix);
    return found != settings_.end() && found->first.starts_with(prefix);
}

std::vector<std::string> Schema::words_below(std::string_view path) const {
    const std::string prefix = path.empty() ? "" : std::format("{}.", path);
    std::vector<std::string> words;
    for (auto at = settings_.lower_bound(prefix); at != settings_.end() && at->first.starts_with(prefix);
         ++at) {
        const std::string rest = at->first.substr(prefix.size());
        std::string word = rest.substr(0, rest.find('.'));
        if (!std::ranges::contains(words, word)) words.push_back(std::move(word));
    }
    return words;
}

void Schema::set_defaults(const Json& document) {
    if (auto violations = find_violations_within(document, *this); !violations.empty())
        throw InvalidSettings(std::move(violations));
    for (auto& [path, setting] : settings_) {
        const Json* value = find_value(document, path);
        if (value == nullptr) continue;
        if (setting.definition.has_secret() || setting.definition.is_required)
            throw UsageError(std::format("cannot take a default for setting '{}': it is {}", path,
                                         setting.definition.is_required ? "required" : "a secret"));
        setting.definition.default_value = *value;
    }
}

Schema read_schema(const std::filesystem::path& directory) {
    std::vector<Piece> pieces;
    if (!std::filesystem::exists(directory)) return Schema(pieces);
    for (const std::string& name : Dir::open(directory).names(""))
        if (name.ends_with(".toml")) pieces.push_back(read_piece(directory / name));
    return Schema(pieces);
}

}  // namespace cairn::settings
