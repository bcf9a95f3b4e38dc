#include "installer/slots/boot_file_root.h"

#include <fcntl.h>

#include "pkg/base/text.h"
#include "tests/fuzz/fuzz.h"

/// Input: a boot file.
using namespace cairn;
using namespace cairn::fuzz;

FUZZ_TARGET(input) {
    const MemoryFile file(input);
    const Fd fd = open_file(file.path(), O_RDONLY);
    const auto root = slots::find_root_of_boot_file(fd.get(), "fuzz.efi");
    if (!root) return;
    require(root->size() == 64 && find_hex(*root).has_value(), "a root hash is 64 digits");
    require(to_lower(std::string(text_of(input))).contains(*root), "it stands in the file");
}
