#include "installer/status/console.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <array>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::status {
namespace {

/// A terminal with somebody in front of it.
class ConsoleTest : public testing::Test {
  protected:
    ConsoleTest() : person_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        EXPECT_EQ(grantpt(person_.get()), 0);
        EXPECT_EQ(unlockpt(person_.get()), 0);
        terminal_ = open_file(ptsname(person_.get()), O_RDWR | O_NOCTTY);
    }
    Console make_console(std::string_view kind = "vt220") {
        return Console(kind, terminal_.get(), terminal_.get());
    }
    void type(std::string_view text) const { write_all(person_.get(), text, "the terminal"); }
    /// What came on the terminal since the last look.
    std::string seen() const {
        std::string text;
        for (pollfd waiting = {.fd = person_.get(), .events = POLLIN, .revents = 0};
             poll(&waiting, 1, 100) > 0;) {
            std::array<char, 1024> bytes = {};
            const ssize_t count = read(person_.get(), bytes.data(), bytes.size());
            if (count <= 0) break;
            text.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return text;
    }

    Fd person_;
    Fd terminal_;
};

TEST_F(ConsoleTest, GivesSingleKeysAndShowsNone) {
    const Console console = make_console();
    EXPECT_EQ(console.wait_for_key(0), 0);
    type("r\x03\x1a\x13q");  // with Ctrl-C, Ctrl-Z and Ctrl-S
    for (const char key : {'r', '\x03', '\x1a', '\x13', 'q'}) EXPECT_EQ(console.wait_for_key(1000), key);
    EXPECT_EQ(seen(), "");
}

TEST_F(ConsoleTest, OnlyYesAgrees) {
    const Console console = make_console();
    for (const char* refusal : {"\r", "y\r", "no\r", "yesyes\r", " yes\r", "YES\r", "yex\x7fs\r"}) {
        type(refusal);
        EXPECT_FALSE(console.confirm("Restart?", 1000)) << refusal;
    }
    seen();
    type("yes\r");
    EXPECT_TRUE(console.confirm("Restart?", 1000));
    EXPECT_EQ(seen(), "Restart? Type yes and Enter: yes\r\n");
    type("yes");
    EXPECT_FALSE(console.confirm("Restart?", 10));
}

TEST_F(ConsoleTest, DrawsOverWhatItShowed) {
    Console console = make_console();
    console.show({{"one"}, {"two"}});
    EXPECT_EQ(seen(), draw({}, {{"one"}, {"two"}}));
    console.show({{"one"}, {"two"}});
    EXPECT_EQ(seen(), "");
    console.forget_shown();
    console.show({{"one"}, {"two"}});
    EXPECT_EQ(seen(), draw({}, {{"one"}, {"two"}}));
}

TEST_F(ConsoleTest, OnADumbTerminalSaysThingsOnce) {
    Console console = make_console("dumb");
    console.show({{"one"}, {"two"}});
    console.forget_shown();
    console.show({{"one"}, {"three"}});
    EXPECT_EQ(seen(), "one\r\ntwo\r\nthree\r\n");
}

TEST_F(ConsoleTest, PutsTheTerminalBack) {
    termios before = {};
    termios after = {};
    tcgetattr(terminal_.get(), &before);
    {
        const Console console = make_console();
    }
    tcgetattr(terminal_.get(), &after);
    EXPECT_EQ(before.c_lflag, after.c_lflag);
    EXPECT_EQ(before.c_iflag, after.c_iflag);
}

TEST_F(ConsoleTest, KnowsHowLargeTheTerminalIs) {
    EXPECT_EQ(make_console().size().columns, 80U);  // a serial line does not say
    const winsize size = {.ws_row = 50, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(ioctl(person_.get(), TIOCSWINSZ, &size), 0);
    EXPECT_EQ(make_console().size().columns, 132U);
    EXPECT_EQ(make_console().size().rows, 50U);
}

TEST_F(ConsoleTest, ATerminalThatIsGoneIsAnError) {
    const Console console = make_console();
    person_.reset();
    EXPECT_THROW(console.wait_for_key(1000), SystemError);
}

}  // namespace
}  // namespace cairn::status
