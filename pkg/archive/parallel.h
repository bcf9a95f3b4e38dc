#pragma once

#include <functional>

namespace cairn::archive {

/// Runs `work` at the same time on `threads` threads, one of them the caller's, and returns when all have
/// returned. If some throw, the first one's exception is thrown then; `work` itself must see to it that the
/// others stop soon.
void run_on_threads(unsigned threads, const std::function<void()>& work);

/// How many threads the reading and packing of files uses: enough for a small machine, few enough to stay in
/// bounds.
constexpr unsigned default_threads = 2;

}  // namespace cairn::archive
