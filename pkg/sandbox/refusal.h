#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/sandbox/enter.h"

/// What a failed set-up of a sandbox means for the person who wanted it.
namespace cairn::sandbox {

/// The error for a step that the inner side reported.
Error make_setup_error(const Message& failure, const Entry& entry);

/// The error for namespaces that the kernel did not give.
Error make_clone_error(int error_number);

/// Why this machine may refuse user namespaces, and what to do; looks at the switches below `settings`.
std::string explain_refusal(const std::filesystem::path& settings = "/proc/sys");

}  // namespace cairn::sandbox
