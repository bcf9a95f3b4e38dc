#include "installer/slots/boot_record.h"

#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "tests/fuzz/fuzz.h"

/// Input: a boot record (installer/slots/FORMAT.md).
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    const TemporaryDirectory work;
    write_file(work.path() / "found", text_of(input));
    const std::vector<slots::BootEvent> events = slots::read_boot_record(work.path() / "found");
    require(events.size() <= split(text_of(input), '\n').size(), "a line is one event at most");

    for (const slots::BootEvent& event : events) slots::append_boot_event(work.path() / "written", event);
    require(slots::read_boot_record(work.path() / "written") == events,
            "events are written back as they are");

    // A torn last line costs no other one.
    const slots::BootEvent more = {.boot = "b", .time = 1, .kind = slots::BootEventKind::good};
    slots::append_boot_event(work.path() / "found", more);
    const std::vector<slots::BootEvent> longer = slots::read_boot_record(work.path() / "found");
    require(!longer.empty() && longer.back() == more && longer.size() == events.size() + 1,
            "an event is added to whatever is there");
}
