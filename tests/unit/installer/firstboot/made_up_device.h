#pragma once

#include "installer/settings/image.h"
#include "installer/settings/places.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::firstboot {

/// A device below a made-up root, with an ESP beside it; two settings, one of them for the first boot.
class MadeUpDevice {
  public:
    MadeUpDevice() {
        image("settings/device.toml", R"(
format = 1
[[setting]]
path = "network.host_name"
description = "the name of this machine"
type = "string"
min_length = 1
default = "cairn"
first_boot = true
[[setting]]
path = "kernel.modules"
description = "modules"
type = "string"
default = ""
)");
        image(
            "templates/host-name.toml",
            "format = 1\ntarget = \"etc/hostname\"\nescape = \"word\"\ntext = \"{{ network.host_name }}\"\n");
        release("allow", "");
        make_directories(places.store);
        make_directories(file().parent_path());
    }

    void release(const std::string& policy, const std::string& key) {
        image("release.json", format_json({{"version", "1.0"},
                                           {"settings_format", 1},
                                           {"first_boot", policy},
                                           {"first_boot_key", key}}));
    }
    void image(const std::string& name, const std::string& text) {
        make_directories((places.image / name).parent_path());
        write_file(places.image / name, text);
    }
    std::filesystem::path esp() const { return work_.path() / "esp"; }
    std::filesystem::path file() const { return esp() / "cairn/first-boot.json"; }
    void put(const Json& settings) {
        write_file(file(), format_json({{"format", 1}, {"settings", settings}}));
    }

  private:
    TemporaryDirectory work_;

  public:
    settings::Places places = settings::Places::below(work_.path() / "root");
};

}  // namespace cairn::firstboot
