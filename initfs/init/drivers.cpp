#include "initfs/init/drivers.h"

#include <sys/utsname.h>

#include "pkg/base/error.h"

namespace cairn::init {

namespace {

std::filesystem::path find_module_directory() {
    utsname names = {};
    if (uname(&names) != 0) throw SystemError("cannot ask for the kernel's release");
    return std::filesystem::path("/usr/lib/modules") / names.release;
}

}  // namespace

Drivers::Drivers(std::function<void(std::string_view)> say)
    : say_(std::move(say)),
      directory_(find_module_directory()),
      index_(disks::ModuleIndex::read(directory_)) {}

void Drivers::load_for_new_devices() {
    if (index_.is_empty()) return;  // everything is built in: no need to look at each device
    bool is_anything_new = true;
    while (is_anything_new) {
        is_anything_new = false;
        for (const std::string& alias : disks::read_modaliases()) {
            if (!seen_aliases_.insert(alias).second) continue;
            is_anything_new = true;
            for (const std::string& module : index_.find_modules(alias)) load(module);
        }
    }
}

void Drivers::load(const std::string& module) {
    for (const std::string& file : index_.plan_load(module)) {
        if (!tried_files_.insert(file).second) continue;
        try {
            // Modules of the index that are not in the initfs are for later.
            if (disks::load_module(directory_ / file) == disks::LoadResult::no_such_file) return;
        } catch (const Error& error) {
            say_(error.report());
            return;
        }
    }
}

}  // namespace cairn::init
