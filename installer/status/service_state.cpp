#include "installer/status/service_state.h"

#include <algorithm>
#include <chrono>

#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::status {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t small_file = 4096;
constexpr std::chrono::seconds patience{1};  // with a check: one that hangs must not hold up the screen

bool is_ready(const fs::path& service) {
    if (!fs::exists(service / "check")) return true;
    Child check =
        Child::start({.arguments = {service / "check"}, .directory = service, .output = "/dev/null"});
    return check.wait_for(patience) == 0;
}

bool is_up(const fs::path& service) {
    try {
        return trim(find_file(service / "supervise/stat", small_file).value_or("")) == "run" &&
               is_ready(service);
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

ServiceState read_services(const fs::path& root) {
    ServiceState state;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root / "run/service", ignored)) {
        const std::string name = entry.path().filename();
        if (name.starts_with('.')) continue;
        ++state.count;
        if (!is_up(entry.path())) state.down.push_back(name);
    }
    std::ranges::sort(state.down);
    state.have_all_been_up = fs::exists(root / "run/cairn/services-up", ignored);
    return state;
}

}  // namespace cairn::status
