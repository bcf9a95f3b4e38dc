#include "pkg/base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <format>

#include "pkg/base/text.h"

namespace cairn {

std::string Error::report() const {
    std::string text = message_;
    std::size_t width = 0;
    for (const auto& [name, value] : details_) width = std::max(width, name.size() + 1);
    for (const auto& [name, value] : details_) {
        const std::string lines = replace_all(value, "\n", "\n    ");
        text += value.starts_with('\n') ? std::format("\n  {}:{}", name, lines)
                                        : std::format("\n  {:<{}} {}", name + ":", width, lines);
    }
    for (const std::string& line : context_) text += "\n  while " + line;
    if (!hint_.empty()) text += "\nhint: " + hint_;
    return text;
}

SystemError::SystemError(std::string_view what) : SystemError(what, errno) {}

SystemError::SystemError(std::string_view what, int error_number)
    : Error(std::format("{}: {}", what, std::strerror(error_number))), error_number_(error_number) {}

void fail_check(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "impossible state: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace cairn
