#include "images/assemble/boot_drivers.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/json.h"

namespace cairn::assemble {

BootDrivers parse_boot_drivers(std::string_view text) {
    const Json json = parse_json(text, "drivers.json");
    try {
        BootDrivers drivers = {.release = json.at("release").get<std::string>(), .groups = {}};
        for (const auto& [name, group] : json.at("groups").items())
            drivers.groups[name] = {.is_for_boot = group.at("boot").get<bool>(),
                                    .modules = group.at("modules").get<std::vector<std::string>>(),
                                    .firmware = group.at("firmware").get<std::vector<std::string>>()};
        return drivers;
    } catch (const Json::exception& error) {
        throw Error(std::format("cannot use the kernel's drivers.json: {}", error.what()));
    }
}

}  // namespace cairn::assemble
