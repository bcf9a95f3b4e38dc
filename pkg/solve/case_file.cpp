#include "pkg/solve/case_file.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/relation.h"

namespace cairn::solve {
namespace {

constexpr std::size_t text_limit = 64 * 1024 * 1024;
constexpr std::size_t line_limit = 64 * 1024;
constexpr std::size_t word_limit = 256;

[[noreturn]] void refuse(std::string why) {
    throw UsageError(std::move(why));
}

bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Reads lines; each says something about the package named last, about the root, or about the job.
class Reader {
  public:
    Case read(std::string_view text, const std::string& file) {
        std::size_t number = 0;
        try {
            while (!text.empty()) {
                ++number;
                const std::size_t end = std::min(text.find('\n'), text.size());
                read_line(text.substr(0, end));
                text.remove_prefix(std::min(end + 1, text.size()));
            }
        } catch (const Error& error) {
            throw UsageError(std::format("cannot read '{}': {}", file, error.message()))
                .detail("at", std::format("{}:{}", file, number))
                .hint(error.hint());
        }
        finish_package();
        return std::move(case_);
    }

  private:
    void read_line(std::string_view line) {
        if (line.size() > line_limit) refuse(std::format("a line is longer than {} bytes", line_limit));
        if (!is_plain(line)) refuse("a line has a control character");
        line = trim(line);
        if (line.empty() || line.starts_with('#')) return;
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string word(line.substr(0, blank));
        const std::string_view rest = trim(line.substr(blank));
        if (rest.empty() && word != "cascade")
            refuse(std::format("'{}' needs something behind it", word.substr(0, 40)));
        read_statement(word, rest);
    }

    void read_statement(const std::string& word, std::string_view rest) {
        if (word == "architecture") return read_architecture(rest);
        if (word == "installed" || word == "available") return read_package(word == "installed", rest);
        if (word == "depends") return read_relations(word, rest, &package::Identity::depends);
        if (word == "provides") return read_relations(word, rest, &package::Identity::provides);
        if (word == "conflicts") return read_relations(word, rest, &package::Identity::conflicts);
        if (word == "replaces") return read_relations(word, rest, &package::Identity::replaces);
        if (word == "install") return add(case_.job.install, parse_relations(rest));
        if (word == "remove") return add(case_.job.remove, parse_names(rest));
        if (word == "hold") return add(case_.job.hold, parse_names(rest));
        if (word == "upgrade" && rest == "*") return void(case_.job.upgrades_all = true);
        if (word == "upgrade") return add(case_.job.upgrade, parse_names(rest));
        if (word == "cascade" && rest.empty()) return void(case_.job.removes_dependents = true);
        static const std::vector<std::string> words = {"architecture", "installed", "available", "depends",
                                                       "provides",     "conflicts", "replaces",  "install",
                                                       "remove",       "hold",      "upgrade",   "cascade"};
        UsageError error(std::format("unknown word '{}'", word.substr(0, 40)));
        if (const auto nearest = word.size() > 40 ? std::nullopt : find_nearest(word, words))
            error.hint(std::format("did you mean '{}'?", *nearest));
        throw error;
    }

    void read_architecture(std::string_view rest) {
        if (!case_.universe.candidates.empty()) refuse("'architecture' comes after a package");
        if (!case_.universe.architecture.empty()) refuse("'architecture' stands here a second time");
        if (rest != "x86_64" && rest != "aarch64")
            refuse(std::format("'{}' is not an architecture of a root", rest.substr(0, 40)));
        case_.universe.architecture = rest;
    }

    /// NAME VERSION [ARCHITECTURE] [from ORIGIN]
    void read_package(bool is_installed, std::string_view rest) {
        finish_package();
        if (case_.universe.architecture.empty()) case_.universe.architecture = "x86_64";
        std::vector<std::string> words = split_words(rest);
        Candidate candidate;
        candidate.is_installed = is_installed;
        if (words.size() >= 4 && words[words.size() - 2] == "from") {
            candidate.origin = words.back();
            words.resize(words.size() - 2);
        }
        if (words.size() < 2 || words.size() > 3 || candidate.origin.size() > word_limit)
            refuse("a package is written NAME VERSION [ARCHITECTURE] [from ORIGIN]");
        candidate.identity.name = words[0];
        candidate.identity.version = words[1];
        candidate.identity.architecture = words.size() == 3 ? words[2] : case_.universe.architecture;
        check(candidate.identity);
        case_.universe.candidates.push_back(std::move(candidate));
    }

    void check(const package::Identity& identity) {
        if (!package::is_package_name(identity.name))
            refuse(std::format("'{}' is not a name for a package", identity.name.substr(0, word_limit)));
        if (!package::is_version(identity.version))
            refuse(std::format("'{}' is not a version", identity.version.substr(0, word_limit)));
        const std::string& architecture = identity.architecture;
        if (architecture != "x86_64" && architecture != "aarch64" && architecture != "any")
            refuse(std::format("'{}' is not an architecture", architecture.substr(0, 40)));
    }

    void read_relations(const std::string& word, std::string_view rest,
                        std::vector<std::string> package::Identity::* field) {
        if (case_.universe.candidates.empty()) refuse(std::format("'{}' comes before any package", word));
        std::vector<std::string>& list = case_.universe.candidates.back().identity.*field;
        for (std::string& relation : parse_relations(rest)) {
            const bool has_operator = relation.contains(' ');
            if (word == "provides" && has_operator &&
                package::parse_relation(relation).op != package::Relation::Operator::equal)
                refuse(std::format("'{}' is nothing to provide: 'name' or 'name = version' is expected",
                                   relation));
            if (std::ranges::contains(list, relation))
                refuse(std::format("'{}' stands twice in '{}'", relation, word));
            list.push_back(std::move(relation));
        }
    }

    /// Relations with commas between them.
    std::vector<std::string> parse_relations(std::string_view rest) {
        std::vector<std::string> relations;
        for (const std::string& part : split(rest, ',')) {
            const std::string text(trim(part));
            if (text.size() > 2 * word_limit) refuse("a relation is too long");
            package::parse_relation(text);
            relations.push_back(text);
        }
        return relations;
    }

    std::vector<std::string> parse_names(std::string_view rest) {
        std::vector<std::string> names;
        for (const std::string& part : split(rest, ',')) {
            const std::string name(trim(part));
            if (!package::is_package_name(name))
                refuse(std::format("'{}' is not a name for a package", name.substr(0, word_limit)));
            names.push_back(name);
        }
        return names;
    }

    static void add(std::vector<std::string>& list, std::vector<std::string> more) {
        std::ranges::move(more, std::back_inserter(list));
    }

    void finish_package() {
        if (case_.universe.candidates.empty()) return;
        package::Identity& identity = case_.universe.candidates.back().identity;
        for (auto* list : {&identity.depends, &identity.provides, &identity.conflicts, &identity.replaces})
            std::ranges::sort(*list);
    }

    Case case_;
};

}  // namespace

Case parse_case(std::string_view text, const std::string& file) {
    if (text.size() > text_limit)
        refuse(std::format("cannot read '{}': it is longer than {} bytes", file, text_limit));
    Case result = Reader().read(text, file);
    if (result.universe.architecture.empty()) result.universe.architecture = "x86_64";
    return result;
}

}  // namespace cairn::solve
