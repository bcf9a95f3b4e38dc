#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::settings {

/// A regular expression for values that come from people and networks. It always means the whole text, has no
/// back references, and takes time in proportion to text times pattern whatever the text is, which
/// std::regex and regcomp(3) do not promise. Its language is in FORMAT.md: letters, `.`, `[…]`, `\d`, groups,
/// `|`, `?`, `*`, `+`, `{m,n}`, over Unicode code points.
class Pattern {
  public:
    /// Throws UsageError saying what is wrong and at which byte.
    static Pattern parse(std::string_view text);

    /// False also for text that is not UTF-8.
    bool is_match(std::string_view text) const;
    const std::string& text() const { return text_; }
    bool operator==(const Pattern& other) const { return text_ == other.text_; }

    /// Ranges of code points, both ends included.
    struct Set {
        std::vector<std::pair<char32_t, char32_t>> ranges;
        bool is_negated = false;
        bool has(char32_t letter) const;
    };
    /// One state of the automaton: takes a letter of its set and goes on at `ways[0]`; without ranges and not
    /// negated it takes nothing and goes on at each of its ways.
    struct State {
        Set set;
        std::vector<std::uint32_t> ways;
        bool takes_letter = false;
    };

  private:
    std::string text_;
    std::vector<State> states_;  // state 0 is the end
    std::uint32_t start_ = 0;
};

}  // namespace cairn::settings
