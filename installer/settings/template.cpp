#include "installer/settings/template.h"

#include <algorithm>
#include <array>
#include <format>
#include <set>
#include <utility>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

constexpr std::int64_t format_version = 1;
constexpr unsigned deepest = 8;
constexpr std::array<std::string_view, 4> reserved{"for", "if", "else", "end"};

constexpr std::array<std::pair<std::string_view, Escape>, 6> escapes{{{"word", Escape::word},
                                                                      {"line", Escape::line},
                                                                      {"text", Escape::text},
                                                                      {"shell", Escape::shell},
                                                                      {"json", Escape::json},
                                                                      {"toml", Escape::toml}}};

bool is_path(std::string_view text) {
    return std::ranges::all_of(split(text, '.'), is_setting_word);
}

/// Reads `{{ … }}` in a text. A line that holds nothing but one tag that is no value goes with it.
class Parser {
  public:
    Parser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

    std::vector<TemplatePart> parse() {
        std::vector<TemplatePart> parts = parse_parts(0);
        if (!last_.empty()) fail(std::format("'{}' closes nothing", last_));
        return parts;
    }

  private:
    [[noreturn]] void fail(const std::string& why) const {
        throw UsageError(
            std::format("cannot use template '{}': {} in line {} of its text", name_, why, tag_line_));
    }

    /// Up to the end of the text, or to an `else` or `end`, which is then in last_.
    std::vector<TemplatePart> parse_parts(unsigned depth) {
        if (depth > deepest) fail("loops and conditions are nested too deep");
        std::vector<TemplatePart> parts;
        while (true) {
            const std::size_t start = rest_.find("{{");
            std::string text(rest_.substr(0, start));
            if (start == std::string_view::npos) {
                add_text(parts, std::move(text));
                rest_ = {};
                last_.clear();
                return parts;
            }
            const std::size_t end = rest_.find("}}", start);
            if (end == std::string_view::npos) fail("'{{' is not closed");
            const std::string tag(trim(rest_.substr(start + 2, end - start - 2)));
            const std::vector<std::string> words = split_words(tag);
            const bool is_value = words.size() == 1 && !std::ranges::contains(reserved, words[0]);
            rest_.remove_prefix(end + 2);
            const bool is_dropped = !is_value && drop_own_line(text);
            add_text(parts, std::move(text));
            tag_line_ = line_;
            line_ += is_dropped ? 1 : 0;
            is_at_line_start_ = is_dropped;
            if (tag == "end" || tag == "else") {
                last_ = tag;
                return parts;
            }
            parts.push_back(is_value ? value(words[0]) : block(words, depth));
        }
    }

    void add_text(std::vector<TemplatePart>& parts, std::string text) {
        line_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
        is_at_line_start_ = text.empty() ? is_at_line_start_ : text.back() == '\n';
        if (!text.empty()) parts.push_back({.text = std::move(text)});
    }

    /// Whether the line went, its end included.
    bool drop_own_line(std::string& before) {
        const std::size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
        const bool begins_line = line_start > 0 || is_at_line_start_;
        if (!begins_line || !trim(std::string_view(before).substr(line_start)).empty()) return false;
        if (!rest_.starts_with('\n')) return false;
        before.resize(line_start);
        rest_.remove_prefix(1);
        return true;
    }

    TemplatePart value(const std::string& path) const {
        if (!is_path(path)) fail(std::format("'{}' is no path of a setting", path));
        return {.kind = TemplatePart::Kind::value, .path = path, .line = tag_line_};
    }

    TemplatePart block(const std::vector<std::string>& words, unsigned depth) {
        TemplatePart part{.line = tag_line_};
        if (words.size() == 2 && words[0] == "if") {
            part.kind = TemplatePart::Kind::condition;
        } else if (words.size() >= 4 && words[0] == "for" && words[words.size() - 2] == "in") {
            part.kind = TemplatePart::Kind::loop;
            name_loop(part, {words.begin() + 1, words.end() - 2});
        } else {
            fail(std::format("'{}' is not known", join(words, " ")));
        }
        part.path = words.back();
        if (!is_path(part.path)) fail(std::format("'{}' is no path of a setting", part.path));
        part.body = parse_parts(depth + 1);
        if (last_ == "else" && part.kind == TemplatePart::Kind::condition)
            part.otherwise = parse_parts(depth + 1);
        if (last_ != "end") fail(std::format("'{}' has no 'end'", words[0]));
        return part;
    }

    void name_loop(TemplatePart& part, std::vector<std::string> names) const {
        if (names.size() == 2 && names[0].ends_with(',')) {
            part.key_name = names[0].substr(0, names[0].size() - 1);
            names.erase(names.begin());
            if (!is_setting_word(part.key_name)) fail("a loop's name is no word");
        }
        if (names.size() != 1 || !is_setting_word(names[0])) fail("a loop's name is no word");
        part.item_name = names[0];
    }

    std::string_view rest_;
    const std::string& name_;
    std::string last_;
    std::size_t line_ = 1;
    std::size_t tag_line_ = 1;
    bool is_at_line_start_ = true;
};

/// What the names in a template mean at some place of it.
using Names = std::vector<std::pair<std::string, Json>>;

class Renderer {
  public:
    Renderer(const Template& source, const Json& effective) : source_(source), effective_(effective) {}

    std::string render(const std::vector<TemplatePart>& parts, const Names& names) const {
        std::string text;
        for (const TemplatePart& part : parts) text += render(part, names);
        return text;
    }

  private:
    std::string render(const TemplatePart& part, const Names& names) const {
        if (part.kind == TemplatePart::Kind::text) return part.text;
        const Json* value = find(part.path, names);
        if (part.kind == TemplatePart::Kind::condition)
            return render(is_true(value) ? part.body : part.otherwise, names);
        if (part.kind == TemplatePart::Kind::loop) return value == nullptr ? "" : loop(part, *value, names);
        if (value == nullptr) fail(part, "has no value");
        const auto text = find_escaped(*value, source_.escape);
        if (!text) fail(part, "has a value that cannot stand in this format");
        return *text;
    }

    std::string loop(const TemplatePart& part, const Json& value, const Names& names) const {
        if (!value.is_structured()) fail(part, "is neither a list nor a table");
        if (!part.key_name.empty() && !value.is_object()) fail(part, "is no table");
        std::string text;
        for (const auto& [key, item] : value.items()) {  // tables by their names, bytewise
            Names inner = names;
            inner.emplace_back(part.item_name, item);
            if (!part.key_name.empty()) inner.emplace_back(part.key_name, key);
            text += render(part.body, inner);
        }
        return text;
    }

    const Json* find(const std::string& path, const Names& names) const {
        const std::size_t dot = path.find('.');
        const std::string first = path.substr(0, dot);
        for (auto at = names.rbegin(); at != names.rend(); ++at) {
            if (at->first != first) continue;
            return dot == std::string::npos ? &at->second : find_value(at->second, path.substr(dot + 1));
        }
        return find_value(effective_, path);
    }

    static bool is_true(const Json* value) {
        if (value == nullptr || *value == false) return false;
        return !(value->is_structured() && value->empty()) && *value != "";
    }

    [[noreturn]] void fail(const TemplatePart& part, std::string_view why) const {
        throw UsageError(std::format("cannot make '/{}': '{}' {}", source_.target, part.path, why))
            .detail("template", std::format("'{}', line {} of its text", source_.name, part.line));
    }

    const Template& source_;
    const Json& effective_;
};

class UseFinder {
  public:
    UseFinder(const Template& source, const Schema& schema) : source_(source), schema_(schema) {}

    void look(const std::vector<TemplatePart>& parts, const std::set<std::string>& names) {
        for (const TemplatePart& part : parts) {
            if (part.kind == TemplatePart::Kind::text) continue;
            if (!names.contains(part.path.substr(0, part.path.find('.')))) add(part);
            std::set<std::string> inner = names;
            if (part.kind == TemplatePart::Kind::loop) inner.insert({part.item_name, part.key_name});
            look(part.body, inner);
            look(part.otherwise, names);
        }
    }
    std::vector<std::string> take() { return {found_.begin(), found_.end()}; }

  private:
    /// The setting itself, or the one whose record the path goes into.
    void add(const TemplatePart& part) {
        for (std::string path = part.path;; path.resize(path.rfind('.'))) {
            if (schema_.find(path) != nullptr) {
                found_.insert(path);
                return;
            }
            if (!path.contains('.')) break;
        }
        throw UsageError(
            std::format("cannot use template '{}': there is no setting '{}', line {} of its text",
                        source_.name, part.path, part.line));
    }

    const Template& source_;
    const Schema& schema_;
    std::set<std::string> found_;
};

}  // namespace

Template parse_template(std::string_view text, const std::string& file_name) {
    TomlTable table = TomlTable::parse(text, file_name);
    Template result{.name = std::filesystem::path(file_name).stem().string()};
    if (table.find_integer("format") != format_version)
        table.fail("format", std::format("must be {}", format_version));
    result.target = table.required_string("target");
    if (!is_safe_relative_path(result.target) || !result.target.starts_with("etc/"))
        table.fail("target", "must be a path below 'etc/'");
    result.mode = static_cast<mode_t>(table.integer_or("mode", 0644));
    if ((result.mode & ~0777U) != 0) table.fail("mode", "must be an octal number up to 0o777");
    const std::string escape = table.required_string("escape");
    const auto known = std::ranges::find(escapes, escape, [](const auto& pair) { return pair.first; });
    if (known == escapes.end()) table.fail("escape", "must be word, line, text, shell, json or toml");
    result.escape = known->second;
    result.services = table.strings("services");
    result.parts = Parser(table.required_string("text"), result.name).parse();
    table.finish();
    return result;
}

Template read_template(const std::filesystem::path& file) {
    return parse_template(read_file(file, 1 << 20), file.string());
}

std::vector<std::string> find_settings_used(const Template& source, const Schema& schema) {
    UseFinder finder(source, schema);
    finder.look(source.parts, {});
    return finder.take();
}

std::string render(const Template& source, const Json& effective) {
    return Renderer(source, effective).render(source.parts, {});
}

}  // namespace cairn::settings
