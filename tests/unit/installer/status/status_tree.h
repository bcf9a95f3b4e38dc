#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "pkg/base/files.h"

namespace cairn::status {

/// A made-up root of a running machine: boots from slot a, one hour of life in it, everything well.
class StatusTree {
  public:
    StatusTree() {
        write("usr/lib/cairn/release.json",
              R"({"name": "base", "version": "0.1.0", "development_keys": false})");
        write("run/cairn/boot.json",
              R"({"slot": "a", "data": "mounted", "on_trial": false,
                  "root_hash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})");
        write("proc/meminfo", "MemTotal:        1000000 kB\nMemFree: 1 kB\nMemAvailable:     500000 kB\n");
        write("proc/uptime", "93784.12 1000.00\n");
        write("sys/class/dmi/id/sys_vendor", "Maker\n");
        write("sys/class/dmi/id/product_name", "Board 7\n");
        make_directories(root() / "var");
    }

    const std::filesystem::path& root() const { return root_.path(); }
    void write(const std::filesystem::path& path, std::string_view text) {
        make_directories((root() / path).parent_path());
        write_file(root() / path, text);
    }

  private:
    TemporaryDirectory root_;
};

}  // namespace cairn::status
