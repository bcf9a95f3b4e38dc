#include "cli/host/host.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn::host {

namespace fs = std::filesystem;

fs::path find_repository() {
    if (const auto root = find_environment("CAIRN_ROOT")) return *root;
    for (fs::path place = fs::current_path();; place = place.parent_path()) {
        if (fs::exists(place / "recipes") && fs::exists(place / "images")) return place;
        if (place == place.parent_path()) break;
    }
    throw UsageError("this is not inside a Cairn repository").hint("go into the clone, or run its './cairn'");
}

const fs::path& Host::repository() const {
    if (repository_.empty()) repository_ = find_repository();
    return repository_;
}

std::vector<recipe::Architecture> parse_architectures(const std::string& text) {
    if (text.empty()) return {recipe::host_architecture()};
    if (text == "all") return {recipe::Architecture::x86_64, recipe::Architecture::aarch64};
    return {recipe::parse_architecture(text)};
}

}  // namespace cairn::host
