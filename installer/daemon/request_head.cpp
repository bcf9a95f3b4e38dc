#include "installer/daemon/request_head.h"

#include <algorithm>

namespace cairn::daemon {
namespace {

constexpr std::size_t most_headers = 100;

bool is_text(std::string_view line) {
    return std::ranges::all_of(
        line, [](unsigned char letter) { return letter == '\t' || (letter >= ' ' && letter != 0x7f); });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(letter));
    });
}

/// Three words with one space between them, the second a path.
bool is_request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return false;
    const std::string_view target = line.substr(first + 1, last - first - 1);
    return is_token(line.substr(0, first)) && target.starts_with('/') &&
           std::ranges::none_of(target, [](unsigned char letter) { return letter <= ' ' || letter >= 0x7f; });
}

bool is_header_line(std::string_view line) {
    return is_token(line.substr(0, std::min(line.find(':'), line.size()))) && line.contains(':');
}

}  // namespace

HeadScan scan_head(std::string_view received) {
    using State = HeadScan::State;
    std::size_t start = 0;
    for (std::size_t number = 0;; ++number) {
        const std::size_t end = received.find("\r\n", start);
        const std::string_view line =
            received.substr(start, end == std::string_view::npos ? end : end - start);
        if (end == std::string_view::npos) {
            // The carriage return that ends it may be there already.
            const std::string_view text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
            return {is_text(text) ? State::partial : State::malformed};
        }
        start = end + 2;
        if (line.empty() && number > 0) return {State::whole, start};
        if (!is_text(line) || number > most_headers ||
            !(number == 0 ? is_request_line(line) : is_header_line(line)))
            return {State::malformed};
    }
}

}  // namespace cairn::daemon
