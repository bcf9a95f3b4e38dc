#include "installer/helper/supervisor.h"

#include <algorithm>
#include <filesystem>
#include <format>

#include "installer/api/errors.h"
#include "pkg/base/process.h"

namespace cairn::helper {

namespace {

constexpr std::string_view own_service = "cairn-helper";

/// It becomes part of a path, and an argument.
bool is_service_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '@';
           });
}

}  // namespace

void restart_service(const std::string& name) {
    if (!is_service_name(name)) throw UsageError(std::format("'{}' is no name of a service", name));
    if (name == own_service) throw UsageError(std::format("'{}' cannot restart itself", name));
    const std::filesystem::path directory = std::filesystem::path("/run/service") / name;
    if (!std::filesystem::is_directory(directory))
        throw api::NotFound(std::format("there is no service '{}'", name));
    run_command_checked({.arguments = {"sv", "-w", "20", "restart", directory.string()},
                         .environment = {"PATH=/usr/bin", "LANG=C.UTF-8"},
                         .clean_environment = true});
}

}  // namespace cairn::helper
