#include "initfs/init/watchdog.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

constexpr std::string_view software_identity = "Software Watchdog";

struct Candidate {
    std::string name;
    std::string identity;
};

std::vector<Candidate> find_candidates(const std::filesystem::path& sys) {
    std::vector<Candidate> candidates;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(sys / "class/watchdog", error)) {
        const std::string identity(trim(find_file(entry.path() / "identity").value_or("")));
        candidates.push_back({entry.path().filename(), identity});
    }
    // Hardware first: the software one dies with the kernel it watches.
    std::ranges::sort(candidates, {}, [](const Candidate& candidate) {
        return std::pair(candidate.identity == software_identity, candidate.name);
    });
    return candidates;
}

}  // namespace

std::optional<Watchdog> Watchdog::find(const std::filesystem::path& sys, const std::filesystem::path& dev) {
    for (const Candidate& candidate : find_candidates(sys)) {
        Watchdog watchdog;
        watchdog.node_ = dev / candidate.name;
        watchdog.fd_ = Fd(open(watchdog.node_.c_str(), O_WRONLY | O_CLOEXEC));  // opening arms it
        if (!watchdog.fd_.is_open()) continue;
        watchdog.identity_ = candidate.identity.empty() ? candidate.name : candidate.identity;
        watchdog.allow(usual_time);
        return watchdog;
    }
    return std::nullopt;
}

void Watchdog::feed() const {
    // Not 'V', which would announce an orderly close and disarm.
    if (!fd_.is_open()) return;
    [[maybe_unused]] const ssize_t written = write(fd_.get(), ".", 1);
}

void Watchdog::allow(std::chrono::seconds time) const {
    int seconds = static_cast<int>(time.count());
    if (fd_.is_open()) ioctl(fd_.get(), WDIOC_SETTIMEOUT, &seconds);
    feed();
}

}  // namespace cairn::init
