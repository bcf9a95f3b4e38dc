#include "installer/disks/machine_name.h"

#include <sys/utsname.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

/// One line of a firmware's text: without a final NUL or blanks; empty for what makers forget to fill in.
std::string read_line(const std::filesystem::path& path) {
    std::string text;
    try {
        text = find_file(path).value_or("");
    } catch (const Error&) {
        return {};
    }
    text = std::string(trim(text.substr(0, text.find('\0'))));
    const std::string lower = to_lower(text);
    for (const char* filler :
         {"to be filled", "system manufacturer", "system product name", "default string", "o.e.m."})
        if (lower.contains(filler)) return {};
    return text;
}

}  // namespace

std::string read_machine_name(const std::filesystem::path& root) {
    const std::string maker = read_line(root / "sys/class/dmi/id/sys_vendor");
    const std::string product = read_line(root / "sys/class/dmi/id/product_name");
    if (!product.empty())
        return maker.empty() || product.starts_with(maker) ? product : maker + " " + product;
    if (const std::string model = read_line(root / "proc/device-tree/model"); !model.empty()) return model;
    utsname names = {};
    uname(&names);
    return names.machine;
}

}  // namespace cairn::disks
