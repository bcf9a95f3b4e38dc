#include "cli/host/maker_keys.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <format>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::host {

namespace {

constexpr std::size_t longest_passphrase = 1024;

/// Typing is not shown while this lives.
class SilentTerminal {
  public:
    explicit SilentTerminal(int fd) : fd_(fd) {
        if (tcgetattr(fd_, &before_) != 0) throw SystemError("cannot ask on the terminal");
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    ~SilentTerminal() { tcsetattr(fd_, TCSAFLUSH, &before_); }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;

  private:
    int fd_;
    termios before_ = {};
};

std::string find_passphrase(const std::filesystem::path& directory) {
    if (const auto text = find_environment("CAIRN_KEYS_PASSPHRASE")) return *text;
    return ask_passphrase(std::format("passphrase of the keys in '{}'", directory.string()));
}

}  // namespace

std::string ask_passphrase(std::string_view question) {
    const Fd terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal.is_open())
        throw UsageError("a passphrase is needed, and there is no terminal to ask on")
            .hint("give it in the environment variable CAIRN_KEYS_PASSPHRASE");
    const SilentTerminal silent(terminal.get());
    write_all(terminal.get(), std::format("{}: ", question), "the terminal");
    std::string text;
    for (char letter = 0; read(terminal.get(), &letter, 1) == 1 && letter != '\n';)
        if (text.size() < longest_passphrase) text += letter;
    write_all(terminal.get(), "\n", "the terminal");
    return text;
}

crypto::KeyDirectory open_keys(const std::filesystem::path& path) {
    return crypto::KeyDirectory::open(
        path, {.passphrase = find_passphrase, .command = find_environment("CAIRN_KEY_COMMAND")});
}

crypto::KeyDirectory open_or_make_keys(const std::filesystem::path& path) {
    if (crypto::KeyDirectory::exists(path)) return open_keys(path);
    std::println(stderr, "making development keys in '{}' (no passphrase; 'cairn keys init' makes real ones)",
                 path.string());
    make_directories(path.parent_path());
    return crypto::KeyDirectory::init(path, std::nullopt);
}

}  // namespace cairn::host
