#include "pkg/solve/reasons.h"

#include <algorithm>
#include <deque>
#include <format>
#include <map>
#include <set>
#include <tuple>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::solve {
namespace {

using package::Identity;
using package::Relation;

constexpr std::size_t line_limit = 12;

std::string list_labels(const Catalogue& catalogue, const std::vector<std::size_t>& entries,
                        std::string_view conjunction) {
    std::vector<std::string> words;
    for (const std::size_t entry : entries) words.push_back(catalogue.label(entry));
    return list_words(words, conjunction);
}

/// "2.0 and 2.1", of one package.
template <class Entries>
std::string list_versions(const Catalogue& catalogue, const Entries& entries) {
    std::vector<std::string> words;
    for (const std::size_t entry : entries) words.push_back(catalogue.entries()[entry].identity->version);
    return list_words(words);
}

std::string describe(const Wish& wish) {
    switch (wish.kind) {
        case Wish::Kind::install:
        case Wish::Kind::favour:
            return std::format("you asked for {}", wish.text);
        case Wish::Kind::remove:
            return std::format("you asked to remove {}", wish.text);
        case Wish::Kind::upgrade:
            return std::format("you asked to upgrade {}", wish.text);
        case Wish::Kind::upgrade_all:
            return "you asked to upgrade everything";
        case Wish::Kind::hold:
            return std::format("you asked to hold {} as it is", wish.text);
    }
    fail_check("Wish::Kind", __FILE__, __LINE__);
}

/// ", which only exim 1.0 provides"; empty where the relation says as much itself.
std::string describe_givers(const Catalogue& catalogue, const Relation& relation,
                            const std::vector<std::size_t>& givers) {
    if (givers.empty() || givers.size() > 3) return "";
    const bool have_name = std::ranges::all_of(givers, [&](std::size_t giver) {
        return catalogue.entries()[giver].identity->name == relation.name;
    });
    if (have_name && (relation.op == Relation::Operator::any || givers.size() > 1)) return "";
    return std::format(", which {}{} {}", givers.size() == 1 ? "only " : "",
                       list_labels(catalogue, givers, "or"), have_name ? "fulfils" : "provides");
}

/// "exim 4 provides mail-server = 1 and postfix 3 provides mail-server without a version".
std::string describe_provided(const Catalogue& catalogue, const std::string& name,
                              const std::vector<std::size_t>& providers) {
    std::vector<std::string> words;
    for (const std::size_t provider : providers)
        for (const Relation& provided : catalogue.entries()[provider].provides)
            if (provided.name == name)
                words.push_back(std::format("{} provides {}{}", catalogue.label(provider), to_text(provided),
                                            provided.version.empty() ? " without a version" : ""));
    return list_words(words);
}

/// How many needs lie between each entry and what was asked for, or what is installed and stays.
std::map<std::size_t, std::size_t> find_depths(std::span<const Wish> wishes,
                                               const std::vector<Reason>& reasons) {
    std::map<std::size_t, std::size_t> depths;
    std::deque<std::size_t> open;
    const auto reach = [&](std::size_t entry, std::size_t depth) {
        if (depths.try_emplace(entry, depth).second) open.push_back(entry);
    };
    std::multimap<std::size_t, const Reason*> needs;
    for (const Reason& reason : reasons) {
        if (reason.kind == Reason::Kind::asked)
            for (const std::size_t entry : wishes[reason.wish].entries) reach(entry, 0);
        if (reason.kind == Reason::Kind::stays) reach(reason.from, 0);
        if (reason.kind == Reason::Kind::needs) needs.emplace(reason.from, &reason);
    }
    for (; !open.empty(); open.pop_front()) {
        const auto [first, last] = needs.equal_range(open.front());
        for (auto place = first; place != last; ++place)
            for (const std::size_t other : place->second->others) reach(other, depths[open.front()] + 1);
    }
    return depths;
}

/// Gathers reasons that are said in one sentence, then says them.
class Writer {
  public:
    Writer(const Catalogue& catalogue, std::span<const Wish> wishes, const std::vector<Reason>& reasons)
        : catalogue_(catalogue), wishes_(wishes), depths_(find_depths(wishes, reasons)) {
        for (const Reason& reason : reasons)
            if (reason.kind == Reason::Kind::stays) staying_.insert(reason.from);
        for (const Reason& reason : reasons) gather(reason);
    }

    std::vector<std::string> write() {
        for (const auto& [need, askers] : needs_) write_need(need, askers);
        for (const auto& [name, entries] : rivals_)
            add(Place::one_of,
                std::format("only one of {} {} can be installed", name, list_versions(catalogue_, entries)));
        for (const std::size_t entry : staying_)
            if (!said_to_stay_.contains(entry))
                add(Place::stays, std::format("{} is installed and is to stay", catalogue_.label(entry)));
        if (lines_.empty() && !wishes_.empty()) add(Place::asked, describe(wishes_[0]));
        std::vector<std::string> texts;
        for (const auto& [place, depth, text] : lines_) texts.push_back(text);
        if (texts.size() > line_limit) {
            const std::size_t others = texts.size() - line_limit;
            texts.resize(line_limit);
            texts.push_back(std::format("… and {} more reasons", others));
        }
        return texts;
    }

  private:
    enum class Place { asked, needs, conflicts, one_of, stays };

    /// What packages have in common of which one sentence can say that they need something.
    struct Need {
        std::string name;
        std::string relation;
        std::string givers;
        bool is_missing;
        bool is_of_installed;
        auto operator<=>(const Need&) const = default;
    };

    void gather(const Reason& reason) {
        switch (reason.kind) {
            case Reason::Kind::asked:
                // The summary says it already.
                if (wishes_.size() > 1) add(Place::asked, describe(wishes_[reason.wish]));
                return;
            case Reason::Kind::stays:
                return;
            case Reason::Kind::missing:
            case Reason::Kind::needs:
                return gather_need(reason);
            case Reason::Kind::conflicts:
                return add(Place::conflicts, describe_conflict(reason));
            case Reason::Kind::replaces:
                return add(Place::conflicts,
                           std::format("{} replaces {}, so they cannot be installed together",
                                       catalogue_.label(reason.from), catalogue_.label(reason.others[0])));
            case Reason::Kind::one_of:
                rivals_[name_of(reason.from)].insert({reason.from, reason.others[0]});
                return;
        }
        fail_check("Reason::Kind", __FILE__, __LINE__);
    }

    void gather_need(const Reason& reason) {
        const bool is_of_installed = staying_.contains(reason.from);
        if (is_of_installed) said_to_stay_.insert(reason.from);
        const Relation relation = package::parse_relation(reason.relation);
        needs_[{.name = name_of(reason.from),
                .relation = reason.relation,
                .givers = describe_givers(catalogue_, relation, reason.others),
                .is_missing = reason.kind == Reason::Kind::missing,
                .is_of_installed = is_of_installed}]
            .insert(reason.from);
    }

    void write_need(const Need& need, const std::set<std::size_t>& askers) {
        const std::string asker =
            std::format("{} {}{} need{}", need.name, list_versions(catalogue_, askers),
                        need.is_of_installed ? ", which is installed," : "", askers.size() == 1 ? "s" : "");
        const Relation relation = package::parse_relation(need.relation);
        add(Place::needs,
            need.is_missing ? describe_missing(catalogue_, asker, relation)
                            : std::format("{} {}{}", asker, need.relation, need.givers),
            depth_of(*askers.begin()));
    }

    std::string describe_conflict(const Reason& reason) {
        const std::string conflict = std::format("{} conflicts with", catalogue_.label(reason.from));
        const std::string other = catalogue_.label(reason.others[0]);
        if (name_of(reason.others[0]) == package::parse_relation(reason.relation).name)
            return std::format("{} {}", conflict, other);
        return std::format("{} {}, which {} provides", conflict, reason.relation, other);
    }

    void add(Place place, std::string text, std::size_t depth = 0) {
        lines_.emplace(place, depth, std::move(text));
    }

    const std::string& name_of(std::size_t entry) { return catalogue_.entries()[entry].identity->name; }

    std::size_t depth_of(std::size_t entry) {
        const auto place = depths_.find(entry);
        return place == depths_.end() ? depths_.size() : place->second;
    }

    const Catalogue& catalogue_;
    std::span<const Wish> wishes_;
    std::map<std::size_t, std::size_t> depths_;
    std::set<std::size_t> staying_;
    std::set<std::size_t> said_to_stay_;
    std::map<Need, std::set<std::size_t>> needs_;
    std::map<std::string, std::set<std::size_t>> rivals_;
    std::set<std::tuple<Place, std::size_t, std::string>> lines_;
};

}  // namespace

std::string list_words(std::vector<std::string> words, std::string_view conjunction) {
    if (words.size() > 5) {
        const std::string others = std::format("{} others", words.size() - 3);
        words.resize(3);
        words.push_back(others);
    }
    if (words.size() < 2) return join(words, "");
    const std::string last = words.back();
    words.pop_back();
    return std::format("{} {} {}", join(words, ", "), conjunction, last);
}

std::string describe_missing(const Catalogue& catalogue, std::string_view asker, const Relation& relation) {
    const std::string text = to_text(relation);
    if (const auto named = catalogue.find_named(relation.name); !named.empty())
        return std::format("{} {}, but only {} {} {} available", asker, text, relation.name,
                           list_versions(catalogue, named), named.size() == 1 ? "is" : "are");
    if (const auto providers = catalogue.find_providers(relation.name); !providers.empty())
        return std::format("{} {}, but {}", asker, text,
                           describe_provided(catalogue, relation.name, providers));
    if (const auto foreign = catalogue.find_foreign(relation.name); !foreign.empty())
        return std::format("{} {}, but {} is available for {} only, and this root is {}", asker, text,
                           relation.name, foreign[0]->architecture, catalogue.architecture());
    return std::format("nothing provides {}, which {}", text, asker);
}

std::vector<std::string> describe_reasons(const Catalogue& catalogue, std::span<const Wish> wishes,
                                          const std::vector<Reason>& reasons) {
    return Writer(catalogue, wishes, reasons).write();
}

}  // namespace cairn::solve
