#include "initfs/init/consoles.h"

#include <fcntl.h>
#include <unistd.h>

#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

// Facility "user", severity "debug": kept in the log, but below what the kernel prints on consoles itself.
constexpr std::string_view log_prefix = "<15>init: ";

void write_once(const Fd& fd, const std::string& text) {
    // A console that is stuck or gone must not hold up the boot: what it does not take at once is lost to it.
    [[maybe_unused]] const ssize_t written = write(fd.get(), text.data(), text.size());
}

}  // namespace

Consoles Consoles::open(const std::filesystem::path& sys, const std::filesystem::path& dev) {
    Consoles consoles;
    for (const std::string& name : split_words(find_file(sys / "class/tty/console/active").value_or(""))) {
        Fd fd(::open((dev / name).c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        if (fd.is_open()) consoles.terminals_.push_back(std::move(fd));
    }
    consoles.kernel_log_ = Fd(::open((dev / "kmsg").c_str(), O_WRONLY | O_CLOEXEC));
    return consoles;
}

void Consoles::say(std::string_view text) const noexcept {
    try {
        for (const std::string& line : split(text, '\n')) {
            for (const Fd& terminal : terminals_) write_once(terminal, "\r" + line + "\r\n");
            if (kernel_log_.is_open()) write_once(kernel_log_, std::string(log_prefix) + line);
        }
    } catch (...) {
        // Out of memory while saying so: nothing better can be done about it here.
    }
}

}  // namespace cairn::init
