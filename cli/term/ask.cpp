#include "cli/term/ask.h"

#include <cstdio>
#include <format>
#include <iostream>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::term {

std::string ask_line(std::string_view question, const std::string& hint) {
    std::fflush(stdout);  // what the question is about
    std::print(stderr, "{} ", question);
    std::fflush(stderr);
    std::string line;
    if (!std::getline(std::cin, line)) {
        std::println(stderr, "");
        throw UsageError(std::format("nobody answers the question '{}'", question)).hint(hint);
    }
    return std::string(trim(line));
}

Consent ask_consent(std::string_view question, const std::string& hint) {
    const std::string answer = to_lower(ask_line(std::format("{} [y/N]", question), hint));
    return answer == "y" || answer == "yes" ? Consent::given : Consent::refused;
}

}  // namespace cairn::term
