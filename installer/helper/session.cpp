#include "installer/helper/session.h"

namespace cairn::helper {

namespace {

constexpr std::chrono::milliseconds between_reports{250};

}  // namespace

void Session::report(std::string_view step, std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_report_ && done < total) return;
    next_report_ = now + between_reports;
    channel_.send(Json{{"progress", {{"step", step}, {"done", done}, {"total", total}}}});
}

}  // namespace cairn::helper
