#include "cli/host/driver_groups.h"

#include <set>

#include "images/assemble/definition.h"

namespace cairn::host {

std::vector<std::string> driver_groups_of(const Host& host, const std::vector<std::string>& images,
                                          recipe::Architecture architecture) {
    const auto target = architecture == recipe::Architecture::x86_64 ? layout::Architecture::x86_64
                                                                     : layout::Architecture::aarch64;
    std::set<std::string> groups;
    for (const std::string& image : images)
        for (const std::string& group :
             assemble::read_definition(host.definitions(), image, target).driver_groups)
            groups.insert(group);
    return {groups.begin(), groups.end()};
}

}  // namespace cairn::host
