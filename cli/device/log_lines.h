#pragma once

#include <span>
#include <string>
#include <vector>

namespace cairn::device {

/// The lines of `now` that `before` did not have yet, where both are the last lines of one growing log and
/// may overlap. Where they do not overlap, all of `now` is new.
std::span<const std::string> find_new_lines(std::span<const std::string> before,
                                            std::span<const std::string> now);

/// Lines of a text, without the empty rest behind the last newline.
std::vector<std::string> split_lines(const std::string& text);

}  // namespace cairn::device
