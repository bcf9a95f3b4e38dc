#include "installer/slots/salvaged_files.h"

#include "pkg/base/text.h"

namespace cairn::slots {

bool is_salvaged_name(std::string_view name) {
    const std::string lower = to_lower(name);
    return lower.size() == std::string_view("fsck0000.rec").size() && lower.starts_with("fsck") &&
           lower.ends_with(".rec") &&
           lower.find_first_not_of("0123456789", 4) == lower.size() - std::string_view(".rec").size();
}

std::vector<std::string> remove_salvaged_files(const Dir& top) {
    std::vector<std::string> removed;
    for (const std::string& name : top.names("")) {
        if (!is_salvaged_name(name)) continue;
        top.remove_file(name);
        removed.push_back(name);
    }
    return removed;
}

}  // namespace cairn::slots
