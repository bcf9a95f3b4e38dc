#include "cli/device/log_lines.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace cairn::device {

std::span<const std::string> find_new_lines(std::span<const std::string> before,
                                            std::span<const std::string> now) {
    for (std::size_t common = std::min(before.size(), now.size()); common > 0; --common)
        if (std::ranges::equal(before.last(common), now.first(common))) return now.subspan(common);
    return now;
}

std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

}  // namespace cairn::device
