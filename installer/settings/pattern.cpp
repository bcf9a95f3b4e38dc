#include "installer/settings/pattern.h"

#include <algorithm>
#include <format>
#include <optional>

#include "installer/settings/letters.h"
#include "pkg/base/error.h"

namespace cairn::settings {
namespace {

constexpr std::size_t most_states = 4000;
constexpr std::size_t most_steps = 20'000;
constexpr unsigned most_repeats = 1000;
constexpr unsigned deepest = 32;
constexpr unsigned unbounded = ~0U;
constexpr char32_t last_letter = 0x10FFFF;

/// What the pattern says, before it is made into states.
struct Node {
    enum class Kind { set, sequence, choice, repeat };
    Kind kind = Kind::sequence;
    std::vector<Node> parts;
    Pattern::Set set;
    unsigned least = 1;
    unsigned most = 1;
};

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), rest_(text) {}

    Node parse() {
        Node whole = choice(0);
        if (!rest_.empty()) fail("')' closes nothing");
        return whole;
    }

  private:
    [[noreturn]] void fail(std::string_view why) const {
        throw UsageError(std::format("cannot use pattern '{}': {} at byte {}", text_, why,
                                     text_.size() - rest_.size() + 1));
    }
    bool take(char letter) {
        if (!rest_.starts_with(letter)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    char32_t next() {
        const char32_t letter = take_letter(rest_);
        if (letter == no_letter) fail(rest_.empty() ? "it ends too early" : "it is not UTF-8");
        return letter;
    }

    Node choice(unsigned depth) {
        if (depth > deepest) fail("groups are nested too deep");
        Node result{.kind = Node::Kind::choice};
        do result.parts.push_back(sequence(depth));
        while (take('|'));
        return result;
    }
    Node sequence(unsigned depth) {
        Node result;
        while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') result.parts.push_back(repeated(depth));
        return result;
    }
    Node repeated(unsigned depth) {
        Node what = atom(depth);
        const auto [least, most] = count();
        if (least == 1 && most == 1) return what;
        Node result{.kind = Node::Kind::repeat, .least = least, .most = most};
        result.parts.push_back(std::move(what));
        return result;
    }
    std::pair<unsigned, unsigned> count() {
        if (take('?')) return {0, 1};
        if (take('*')) return {0, unbounded};
        if (take('+')) return {1, unbounded};
        if (!take('{')) return {1, 1};
        const unsigned least = number();
        const unsigned most = !take(',') ? least : rest_.starts_with('}') ? unbounded : number();
        if (!take('}')) fail("'{' is not closed");
        if (most < least) fail("the bounds are the wrong way round");
        return {least, most};
    }
    unsigned number() {
        unsigned value = 0;
        if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') fail("a number is missing");
        while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
            value = value * 10 + static_cast<unsigned>(rest_[0] - '0');
            if (value > most_repeats) fail(std::format("more than {} repeats", most_repeats));
            rest_.remove_prefix(1);
        }
        return value;
    }
    Node atom(unsigned depth) {
        if (take('(')) {
            Node group = choice(depth + 1);
            if (!take(')')) fail("'(' is not closed");
            return group;
        }
        if (take('[')) return {.kind = Node::Kind::set, .set = bracket()};
        if (take('.')) return {.kind = Node::Kind::set, .set = {{{'\n', '\n'}}, true}};
        if (take('\\')) return {.kind = Node::Kind::set, .set = escape()};
        if (std::string_view("?*+{}").contains(rest_[0])) fail("there is nothing to repeat");
        if (rest_[0] == '^' || rest_[0] == '$') fail("a pattern means the whole text and needs no anchor");
        const char32_t letter = next();
        return {.kind = Node::Kind::set, .set = {{{letter, letter}}, false}};
    }
    Pattern::Set escape() {
        const char32_t letter = next();
        if (letter == 'd') return {{{'0', '9'}}, false};
        return {{{literal(letter), literal(letter)}}, false};
    }
    /// Behind a backslash.
    char32_t literal(char32_t letter) const {
        if (letter == 'n') return '\n';
        if (letter == 't') return '\t';
        if (letter < 0x80 && std::string_view(R"(.[]()|?*+{}\^$-/")").contains(static_cast<char>(letter)))
            return letter;
        fail("an escape that is not known");
    }
    Pattern::Set bracket() {
        Pattern::Set set{{}, take('^')};
        while (!take(']')) {
            if (rest_.starts_with('[')) fail("'[' within a set is written '\\['");
            if (rest_.starts_with("\\d")) {
                rest_.remove_prefix(2);
                set.ranges.emplace_back('0', '9');
                continue;
            }
            const char32_t from = take('\\') ? literal(next()) : next();
            char32_t to = from;
            if (rest_.starts_with('-') && !rest_.starts_with("-]")) {
                rest_.remove_prefix(1);
                to = take('\\') ? literal(next()) : next();
            }
            if (to < from) fail("a range is the wrong way round");
            set.ranges.emplace_back(from, to);
        }
        if (set.ranges.empty()) fail("a set is empty");
        return set;
    }

    std::string_view text_;
    std::string_view rest_;
};

/// Makes states from the end to the start: each part is told where the text goes on behind it.
class Compiler {
  public:
    explicit Compiler(std::vector<Pattern::State>& states) : states_(states) {}

    std::uint32_t compile(const Node& node, std::uint32_t next) {
        if (++steps_ > most_steps) fail();
        switch (node.kind) {
            case Node::Kind::set:
                return add({node.set, {next}, true});
            case Node::Kind::sequence:
                for (std::size_t i = node.parts.size(); i > 0; --i) next = compile(node.parts[i - 1], next);
                return next;
            case Node::Kind::choice: {
                std::vector<std::uint32_t> ways;
                for (const Node& part : node.parts) ways.push_back(compile(part, next));
                return ways.size() == 1 ? ways[0] : add({{}, ways, false});
            }
            case Node::Kind::repeat:
                return repeat(node, next);
        }
        return next;
    }

  private:
    std::uint32_t repeat(const Node& node, std::uint32_t next) {
        const Node& part = node.parts[0];
        std::uint32_t start = next;
        if (node.most == unbounded) {
            start = add({{}, {next}, false});
            const std::uint32_t body = compile(part, start);
            states_[start].ways.push_back(body);
        } else {
            for (unsigned i = node.least; i < node.most; ++i)
                start = add({{}, {compile(part, start), next}, false});
        }
        for (unsigned i = 0; i < node.least; ++i) start = compile(part, start);
        return start;
    }
    std::uint32_t add(Pattern::State state) {
        if (states_.size() >= most_states) fail();
        states_.push_back(std::move(state));
        return static_cast<std::uint32_t>(states_.size() - 1);
    }

    [[noreturn]] static void fail() { throw UsageError("cannot use a pattern: it repeats too much"); }

    std::vector<Pattern::State>& states_;
    std::size_t steps_ = 0;  // what makes no state may be repeated as well
};

/// The states that a text may be in so far.
class Front {
  public:
    explicit Front(const std::vector<Pattern::State>& states) : states_(&states), has_(states.size()) {}

    void enter(std::uint32_t start) {
        std::vector<std::uint32_t> pending{start};
        while (!pending.empty()) {
            const std::uint32_t state = pending.back();
            pending.pop_back();
            if (has_[state]) continue;
            has_[state] = true;
            members_.push_back(state);
            if (!(*states_)[state].takes_letter)
                pending.insert(pending.end(), (*states_)[state].ways.begin(), (*states_)[state].ways.end());
        }
    }
    Front after(char32_t letter) const {
        Front next(*states_);
        for (const std::uint32_t state : members_)
            if ((*states_)[state].takes_letter && (*states_)[state].set.has(letter))
                next.enter((*states_)[state].ways[0]);
        return next;
    }
    bool has(std::uint32_t state) const { return has_[state]; }
    bool is_empty() const { return members_.empty(); }

  private:
    const std::vector<Pattern::State>* states_;  // borrowed
    std::vector<bool> has_;
    std::vector<std::uint32_t> members_;
};

}  // namespace

bool Pattern::Set::has(char32_t letter) const {
    const bool is_in = std::ranges::any_of(
        ranges, [&](const auto& range) { return letter >= range.first && letter <= range.second; });
    return letter <= last_letter && is_in != is_negated;
}

Pattern Pattern::parse(std::string_view text) {
    Pattern pattern;
    pattern.text_ = text;
    const Node whole = Parser(text).parse();
    pattern.states_.emplace_back();  // the end
    pattern.start_ = Compiler(pattern.states_).compile(whole, 0);
    return pattern;
}

bool Pattern::is_match(std::string_view text) const {
    Front front(states_);
    front.enter(start_);
    while (!text.empty() && !front.is_empty()) {
        const char32_t letter = take_letter(text);
        if (letter == no_letter) return false;
        front = front.after(letter);
    }
    return text.empty() && front.has(0);
}

}  // namespace cairn::settings
