#include "pkg/source/debian_version.h"

#include <algorithm>
#include <array>

#include "pkg/base/text.h"

namespace cairn::source {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// '~' before the end, the end before letters, letters before everything else.
int weight(std::string_view text, std::size_t at) {
    if (at >= text.size() || is_digit(text[at])) return 0;
    if (text[at] == '~') return -1;
    return is_letter(text[at]) ? text[at] : text[at] + 256;
}

std::string_view take_digits(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && is_digit(text[end])) ++end;
    std::string_view digits = text.substr(0, end);
    text.remove_prefix(end);
    while (digits.starts_with('0')) digits.remove_prefix(1);
    return digits;
}

/// Runs of other characters and runs of digits by turns.
std::strong_ordering compare_parts(std::string_view left, std::string_view right) {
    while (!left.empty() || !right.empty()) {
        while ((!left.empty() && !is_digit(left[0])) || (!right.empty() && !is_digit(right[0]))) {
            if (const auto order = weight(left, 0) <=> weight(right, 0); order != 0) return order;
            left.remove_prefix(1);
            right.remove_prefix(1);
        }
        const std::string_view left_number = take_digits(left);
        const std::string_view right_number = take_digits(right);
        if (const auto order = left_number.size() <=> right_number.size(); order != 0) return order;
        if (const auto order = left_number <=> right_number; order != 0) return order;
    }
    return std::strong_ordering::equal;
}

std::string_view epoch_of(std::string_view version) {
    const std::size_t colon = version.find(':');
    return colon == std::string_view::npos ? "0" : version.substr(0, colon);
}

std::string_view revision_of(std::string_view version) {
    const std::size_t dash = version.rfind('-');
    return dash == std::string_view::npos ? "" : version.substr(dash + 1);
}

}  // namespace

std::string_view upstream_part(std::string_view version) {
    if (const std::size_t colon = version.find(':'); colon != std::string_view::npos)
        version.remove_prefix(colon + 1);
    return version.substr(0, version.rfind('-'));
}

std::strong_ordering compare_debian_versions(std::string_view left, std::string_view right) {
    if (const auto order = compare_parts(epoch_of(left), epoch_of(right)); order != 0) return order;
    if (const auto order = compare_parts(upstream_part(left), upstream_part(right)); order != 0) return order;
    return compare_parts(revision_of(left), revision_of(right));
}

std::string series_of(std::string_view version) {
    const std::string_view upstream = upstream_part(version);
    const std::size_t first = upstream.find_first_of(".+~");
    if (first == std::string_view::npos || upstream[first] != '.') {
        const bool is_date = upstream.size() >= 4 && std::ranges::all_of(upstream.substr(0, 4), is_digit);
        return is_date ? "" : std::string(upstream.substr(0, first));
    }
    return std::string(upstream.substr(0, upstream.find_first_of(".+~", first + 1)));
}

std::optional<PoolName> find_pool_name(std::string_view file) {
    const std::size_t underscore = file.find('_');
    if (underscore == std::string_view::npos || underscore == 0) return std::nullopt;
    const std::string package(file.substr(0, underscore));
    const std::string_view rest = file.substr(underscore + 1);
    if (rest.ends_with(".deb")) {
        const std::size_t architecture = rest.find('_');
        if (architecture == std::string_view::npos) return std::nullopt;
        return PoolName{package, std::string(rest.substr(0, architecture)),
                        std::string(rest.substr(architecture))};
    }
    const std::size_t tar = rest.rfind(".tar.");
    if (tar == std::string_view::npos) return std::nullopt;
    const std::string_view stem = rest.substr(0, tar);  // "1.3.1.orig", "6.6-1.debian", "2025b"
    for (const std::string_view marker : {".orig", ".debian"})
        if (const std::size_t at = stem.rfind(marker); at != std::string_view::npos)
            return PoolName{package, std::string(stem.substr(0, at)), std::string(stem.substr(at)) + ".tar"};
    return PoolName{package, std::string(stem), ".tar"};
}

}  // namespace cairn::source
