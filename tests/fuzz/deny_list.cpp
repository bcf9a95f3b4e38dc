#include "installer/slots/deny_list.h"

#include "tests/fuzz/fuzz.h"

/// Input: a deny list (installer/slots/FORMAT.md).
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    const auto list = find_accepted([&] { return slots::DenyList::parse(text_of(input), "input"); });
    if (!list) return;
    require(list->versions().size() <= 64, "a list is bounded");
    require(slots::DenyList::parse(list->to_text(), "written") == *list, "a list is written back as it is");

    slots::DenyList changed = *list;
    const slots::DeniedVersion more = {
        .image = {.name = "fuzz", .version = "1"}, .ban = slots::Ban::held, .cause = "c"};
    changed.add(more);
    require(changed.find(more.image) == more && changed.versions().size() <= 64,
            "a version is added to whatever is there");
    changed.lift_holds();
    require(!changed.find(more.image), "a hold is lifted");
    require(slots::DenyList::parse(changed.to_text(), "written") == changed, "it can be read again");
}
