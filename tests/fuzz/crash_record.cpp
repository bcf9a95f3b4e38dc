#include "installer/services/crashes.h"
#include "installer/services/supervisor.h"
#include "tests/fuzz/fuzz.h"

/// Input: a crash record (installer/services/FORMAT.md), and what a supervisor might write.
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    const std::string_view text = text_of(input);
    if (const auto crash = services::find_crash(text)) {
        require(!crash->service.empty(), "a record names its service");
        require(text.ends_with(crash->log), "the log is the record's end");
        require(!services::to_text(crash->ending).empty(), "an ending can be said");
    }
    if (const auto status = services::find_supervisor_status(text))
        require(text.size() == 20, "a status has its own length");
}
