#include "pkg/archive/parallel.h"

/// In the place of pkg/archive/parallel.cpp: what an input does must depend on it alone, not on which thread
/// came first, and thousands of threads a second take longer than the rest. All that runs on several threads
/// takes one item after the other until there is none left, so one is enough.
namespace cairn::archive {

void run_on_threads(unsigned, const std::function<void()>& work) {
    work();
}

}  // namespace cairn::archive
