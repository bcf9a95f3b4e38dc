#pragma once

#include <string>
#include <string_view>

/// Questions to the person who started the program, on standard error; answers come by standard input.
namespace cairn::term {

/// One line, without white space around it. Throws UsageError when the input ends before: nobody is there to
/// answer; `hint` says what to do then.
std::string ask_line(std::string_view question, const std::string& hint);

/// Whether the answer was "y" or "yes"; everything else is no.
enum class Consent { given, refused };
Consent ask_consent(std::string_view question, const std::string& hint);

}  // namespace cairn::term
