#pragma once

#include <string>
#include <string_view>

#include "pkg/solve/universe.h"

namespace cairn::solve {

/// A universe and a job as text, for trying things out and for tests. README.md describes it.
struct Case {
    Universe universe;
    Job job;
};

/// `file` is for messages. Throws UsageError naming the line that is not of that form.
Case parse_case(std::string_view text, const std::string& file);

}  // namespace cairn::solve
