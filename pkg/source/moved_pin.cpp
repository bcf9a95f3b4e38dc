#include "pkg/source/moved_pin.h"

#include <format>

namespace cairn::source {

Error make_vanished_pin_error(const PinnedFile& pin, Environment&) {
    return Error(
        std::format("cannot fetch source of '{}': no place has '{}' any more", pin.recipe, pin.file_name()));
}

}  // namespace cairn::source
