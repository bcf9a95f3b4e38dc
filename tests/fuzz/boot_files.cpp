#include "installer/slots/boot_files.h"

#include "tests/fuzz/fuzz.h"

/// Input: a name in EFI/Linux.
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    const auto found = slots::find_boot_file(text_of(input));
    if (!found) return;
    require(found->file == text_of(input), "a file keeps its name");
    require(layout::is_image_name(found->image.name) && layout::is_image_version(found->image.version),
            "what is ours names a version");
    require(found->counter.has_value() == (found->kind == slots::BootFileKind::on_trial),
            "a version is on trial exactly when its file counts");
    require(is_safe_relative_path(found->file) && !found->file.contains('/'),
            "what is ours is a name in its folder");

    const std::string uncounted =
        layout::to_text({.name = found->image.name, .version = found->image.version});
    for (const std::string& name :
         {uncounted, slots::staged_name(found->image), slots::unfinished_name(found->image)}) {
        const auto again = slots::find_boot_file(name);
        require(again && again->image == found->image && again->file == name,
                "each name that we make of a version names it");
    }
}
