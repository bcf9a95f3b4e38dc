#include "pkg/rootfs/journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <optional>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::rootfs {
namespace {

constexpr std::string_view magic = "cairn-journal 1";
constexpr std::array<std::string_view, 6> action_names = {
    "tree", "put", "replace", "remove", "remove-directory", "attributes"};

[[noreturn]] void refuse(std::string_view why) {
    throw VerifyError(std::format("cannot use the journal of a transaction: {}", why));
}

std::string format_attributes(const Attributes& attributes) {
    return std::format("{:04o}:{}:{}", attributes.mode, attributes.uid, attributes.gid);
}

template <class Number>
Number parse_number(std::string_view text, int base = 10) {
    Number number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (code != std::errc() || end != text.data() + text.size()) refuse("a number is wrong");
    return number;
}

Attributes parse_attributes(const std::string& text) {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() != 3) refuse("attributes are wrong");
    return {.mode = parse_number<mode_t>(parts[0], 8),
            .uid = parse_number<uid_t>(parts[1]),
            .gid = parse_number<gid_t>(parts[2])};
}

/// Paths have no control characters, so a tab ends a field and a newline a step.
Step parse_step(std::string_view line) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != 6) refuse("a step is not whole");
    Step step;
    const auto action = std::ranges::find(action_names, fields[0]);
    if (action == action_names.end()) refuse(std::format("'{}' is no step", fields[0]));
    step.action = static_cast<Action>(action - action_names.begin());
    step.item = parse_number<std::uint64_t>(fields[1]);
    step.before = parse_attributes(fields[2]);
    step.after = parse_attributes(fields[3]);
    step.content = crypto::parse_hash(fields[4]);
    step.path = fields[5];
    if (!archive::is_packable_path(step.path)) refuse("a path is wrong");
    return step;
}

}  // namespace

std::string format_journal(const Journal& journal) {
    std::string text = std::format("{}\t{}\n", magic, journal.transaction);
    for (const Step& step : journal.steps)
        text += std::format(
            "{}\t{}\t{}\t{}\t{}\t{}\n", action_names.at(static_cast<std::size_t>(step.action)), step.item,
            format_attributes(step.before), format_attributes(step.after), step.content.to_hex(), step.path);
    text += std::format("end\t{}\n", crypto::hash_blake2b(text).to_hex());
    return text;
}

Journal parse_journal(std::string_view text) {
    const std::size_t end = text.rfind("end\t");
    if (end == std::string_view::npos || end == 0 || text[end - 1] != '\n') refuse("it has no end");
    const std::string_view body = text.substr(0, end);
    if (text.substr(end) != std::format("end\t{}\n", crypto::hash_blake2b(body).to_hex()))
        refuse("it is damaged");
    std::vector<std::string> lines = split(body, '\n');
    lines.pop_back();
    const std::vector<std::string> head = split(lines.front(), '\t');
    if (head.size() != 2 || head[0] != magic) refuse("it does not begin as one does");
    Journal journal{.transaction = parse_number<std::uint64_t>(head[1])};
    journal.steps.reserve(lines.size() - 1);
    for (std::size_t i = 1; i < lines.size(); ++i) journal.steps.push_back(parse_step(lines[i]));
    return journal;
}

}  // namespace cairn::rootfs
