#include "pkg/sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <array>
#include <format>
#include <netinet/in.h>
#include <thread>

#include "pkg/base/fd.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/sandbox/tools.h"
#include "tests/unit/pkg/sandbox/shut_in.h"

namespace cairn::sandbox {
namespace {

using namespace std::chrono_literals;

using Sandbox = ShutIn;
CAIRN_RUN_BY_SUITE(Sandbox);

TEST_P(Sandbox, RunsTheCommandAndWritesItsLog) {
    const Outcome outcome = run("echo said; echo warned >&2; echo made > file");
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.result.reason, EndReason::finished);
    EXPECT_EQ(outcome.log, "said\nwarned\n");
    EXPECT_EQ(read_build("file"), "made\n");
}

TEST_P(Sandbox, GivesExitCodes) {
    EXPECT_EQ(run("exit 42").result.status, 42);
}

TEST_P(Sandbox, GivesSignalsAs128PlusNumber) {
    EXPECT_EQ(run("kill -SEGV $$").result.status, 128 + SIGSEGV);
}

TEST_P(Sandbox, HasFixedNamesIdentityAndMask) {
    const Outcome outcome =
        run("uname -n; id -u; id -g; id -un; umask; pwd; ulimit -c; echo $$ ; cat /proc/sys/kernel/hostname");
    EXPECT_EQ(outcome.log, "cairn\n1000\n1000\nbuild\n0022\n/build\n0\n2\ncairn\n") << explain(outcome);
}

TEST_P(Sandbox, GivesExactlyTheDeclaredEnvironment) {
    ::setenv("CAIRN_TEST_LEAK", "seen", 1);
    SandboxSpec spec = spec_for("");
    spec.arguments = {"env"};
    spec.environment = {"PATH=/usr/bin", "ONLY=this"};
    EXPECT_EQ(run(spec).log, "PATH=/usr/bin\nONLY=this\n");
}

TEST_P(Sandbox, HasNoRights) {
    const Outcome outcome = run(
        "grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status | awk '{print $2}' | tr '\\n' ' "
        "';"
        "mount -t tmpfs x /tmp 2>/dev/null && echo mounted; chown 0 /build 2>/dev/null && echo owned; true");
    EXPECT_EQ(outcome.log,
              "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 1 ");
}

TEST_P(Sandbox, HasNoNetwork) {
    // A real server on this machine, which the sandbox could reach if it were on the machine's network.
    const Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(server.get(), reinterpret_cast<struct sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(server.get(), 1), 0);
    ASSERT_EQ(::getsockname(server.get(), reinterpret_cast<struct sockaddr*>(&address), &size), 0);

    const std::string script = std::format("exec 3<>/dev/tcp/127.0.0.1/{}", ntohs(address.sin_port));
    EXPECT_EQ(run_command({.arguments = {"bash", "-c", script}}).status, 0)
        << "the server must be reachable outside";
    EXPECT_NE(run(script).result.status, 0);
    const Outcome outcome = run("exec 3<>/dev/tcp/192.0.2.1/80");
    EXPECT_NE(outcome.result.status, 0);
    EXPECT_TRUE(outcome.log.contains("Network is unreachable")) << outcome.log;
    const Outcome devices = run("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '");
    EXPECT_TRUE(devices.log.ends_with("lo\n")) << devices.log;
    EXPECT_FALSE(devices.log.contains("eth")) << devices.log;
}

TEST_P(Sandbox, HasItsOwnLoopback) {
    SandboxSpec spec = spec_for(
        "python3 -c 'import socket; s = socket.create_server((\"127.0.0.1\", 0)); "
        "socket.create_connection(s.getsockname()); print(\"connected\")'");
    spec.tools = {"python3"};
    EXPECT_EQ(run(spec).log, "connected\n");
}

TEST_P(Sandbox, RefusesSystemCallsThatReachPastNamespaces) {
    SandboxSpec spec = spec_for(
        std::format("python3 -c 'import ctypes, errno\n"
                    "kernel = ctypes.CDLL(None, use_errno=True)\n"
                    "for call in [({0}, 40, 1, 0), ({0}, 1, 1, 0), ({1}, 0, -3, 0), ({2}, 1, {3}, 0)]:\n"
                    "    ctypes.set_errno(0)\n"
                    "    kernel.syscall(*call)\n"
                    "    print(errno.errorcode.get(ctypes.get_errno(), \"done\"))'",
                    SYS_socket, SYS_keyctl, SYS_ioctl, TIOCSTI));
    spec.tools = {"python3"};
    EXPECT_EQ(run(spec).log, "EAFNOSUPPORT\ndone\nENOSYS\nEPERM\n")
        << "vsock, unix, session keyring, typing ahead";
}

TEST_P(Sandbox, HidesHomeDirectories) {
    const Outcome outcome = run(
        "echo ~; for d in /home /root /var /srv /mnt /run /sys /opt /boot; do [ ! -e $d ] || echo $d; done");
    EXPECT_EQ(outcome.log, "/build\n") << explain(outcome);
}

TEST_P(Sandbox, HasNothingElseAtItsTop) {
    const Outcome outcome = run("ls / | grep -vx -E 'lib(32|64|x32)?' | tr '\\n' ' '");
    EXPECT_EQ(outcome.log, "bin build dev etc proc sbin tmp usr ") << explain(outcome);
}

TEST_P(Sandbox, HidesPathsOfTheHostThatHoldItsParts) {
    // The build directory lies in /tmp here, where the root was put together.
    const Outcome outcome =
        run(std::format("ls -A /tmp; [ ! -e {} ]; [ ! -e /old ]; [ ! -e /new ]", build().string()));
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "");
}

TEST_P(Sandbox, HidesUndeclaredPrograms) {
    const Outcome outcome =
        run("for p in perl /usr/bin/perl /bin/perl /usr/bin/gcc /usr/sbin/chroot /usr/bin/apt; do "
            "! command -v $p || echo found; done");
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "");
}

TEST_P(Sandbox, OffersDeclaredPrograms) {
    SandboxSpec spec =
        spec_for("perl -e 'print \"perl\\n\"'; python3 -c 'print(\"python\")'; command -v zic");
    spec.tools = {"perl", "python3", "zic"};
    EXPECT_EQ(run(spec).log, "perl\npython\n/usr/bin/zic\n");
}

TEST_P(Sandbox, BringsTheModulesOfDeclaredPrograms) {
    SandboxSpec spec = spec_for(
        "meson --version >/dev/null; cmake --version | head -n 1 | cut -d' ' -f1; ninja --version "
        ">/dev/null");
    spec.tools = {"meson", "cmake", "ninja", "python3"};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "cmake\n");
}

TEST_P(Sandbox, HasTheWholeBaseSet) {
    std::string script = "for t in";
    for (std::string_view tool : base_tools()) script += std::format(" {}", quote_for_shell(tool));
    script +=
        "; do [ -x /usr/bin/$t ] || echo $t; done; echo x | awk '{print $1}'; clang-19 --version | grep -q "
        "clang;"
        "clang --version | grep -q 19; llvm-ar-19 --version >/dev/null; ld.lld --version | grep -q LLD";
    const Outcome outcome = run(script);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "x\n");
}

TEST_P(Sandbox, NamesMissingTools) {
    SandboxSpec spec = spec_for("true");
    spec.tools = {"no-such-tool", "perl", "nor-this"};
    const Outcome outcome = run(spec);
    EXPECT_TRUE(outcome.error.starts_with(
                    "cannot offer tools 'no-such-tool', 'nor-this' to a build: not on this machine") ||
                outcome.error.starts_with(
                    "cannot offer tools 'nor-this', 'no-such-tool' to a build: not on this machine"))
        << outcome.error;
}

TEST_P(Sandbox, SaysThatTheCommandIsNotThere) {
    SandboxSpec spec = spec_for("");
    spec.arguments = {"perl", "-v"};
    const Outcome outcome = run(spec);
    EXPECT_TRUE(
        outcome.error.starts_with("cannot run 'perl' in the sandbox: there is no such program inside"))
        << outcome.error;
    EXPECT_TRUE(outcome.error.contains("'tools'")) << outcome.error;
}

TEST_P(Sandbox, SaysThatTheDirectoryIsNotThere) {
    SandboxSpec spec = spec_for("true");
    spec.directory = "/build/work";
    EXPECT_TRUE(
        run(spec).error.starts_with("cannot set up the sandbox: cannot change to directory '/build/work'"));
}

TEST_P(Sandbox, HidesUndeclaredHeaders) {
    const Outcome outcome =
        run("ls -A /usr/include; echo '#include <stdio.h>' | clang-19 -E - >/dev/null 2>&1 && echo found || "
            "true");
    EXPECT_EQ(outcome.log, "") << explain(outcome);
}

TEST_P(Sandbox, BringsTheHeadersOfDeclaredPackagesOnly) {
    SandboxSpec spec = spec_for(
        "printf '#include <stdio.h>\\nint main() { puts(\"ran\"); }\\n' > a.c; clang-19 a.c -o a; ./a;"
        "ls /usr/include/sodium.h 2>/dev/null || true; pkg-config --exists libsodium || echo none");
    spec.debian = {"libc6-dev", "linux-libc-dev"};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.log, "ran\nnone\n") << explain(outcome);
}

TEST_P(Sandbox, BringsPkgConfigFilesOfDeclaredPackages) {
    SandboxSpec spec = spec_for("pkg-config --modversion libsodium >/dev/null; ls /usr/include");
    spec.debian = {"libsodium-dev"};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "sodium\nsodium.h\n");
}

TEST_P(Sandbox, SeesDeclaredMountsOnlyAndCannotChangeThem) {
    make_directories(folder() / "declared");
    make_directories(folder() / "undeclared");
    write_file(folder() / "declared/header.h", "x\n");
    write_file(folder() / "file", "y\n");
    SandboxSpec spec = spec_for(
        "cat /source/main/header.h /keys/module.pem; ls /source;"
        "! touch /source/main/new 2>/dev/null; ! rm /source/main/header.h 2>/dev/null; ! touch /source/new "
        "2>/dev/null");
    spec.mounts = {{folder() / "declared", "/source/main"}, {folder() / "file", "/keys/module.pem"}};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "x\ny\nmain\n");
}

TEST_P(Sandbox, ReadsWhatOnlyTheCallerMayRead) {
    act([&] {
        make_directories(folder() / "private/sources");
        write_file(folder() / "private/sources/file", "file\n", 0600);
        write_file(folder() / "private/key.pem", "certificate\n", 0600);
        EXPECT_EQ(::chmod((folder() / "private/sources").c_str(), 0700), 0);
        EXPECT_EQ(::chmod((folder() / "private").c_str(), 0700), 0);
        return std::string();
    });
    SandboxSpec spec = spec_for(
        "cat /source/file /keys/key.pem; stat -c %u:%g /source/file; ! echo x 2>/dev/null > /source/file");
    spec.mounts = {{folder() / "private/sources", "/source"},
                   {folder() / "private/key.pem", "/keys/key.pem"}};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "file\ncertificate\n1000:1000\n");
}

TEST_P(Sandbox, RefusesMountsInItsOwnFolders) {
    for (const char* place : {"/usr/share/x", "/etc", "/build/source", "relative", "/a/../usr", "/"}) {
        SandboxSpec spec = spec_for("true");
        spec.mounts = {{folder(), place}};
        EXPECT_TRUE(run(spec).error.contains("the place is not free")) << place;
    }
}

TEST_P(Sandbox, RefusesMountsWithinMounts) {
    SandboxSpec spec = spec_for("true");
    spec.mounts = {{folder(), "/source"}, {build(), "/source/inner"}};
    EXPECT_TRUE(run(spec).error.contains("the place is not free"));
    EXPECT_FALSE(std::filesystem::exists(folder() / "inner"));
}

TEST_P(Sandbox, WritesOnlyToBuildAndTmp) {
    const Outcome outcome =
        run("for d in / /usr /usr/bin /usr/lib /usr/include /etc /bin /dev /proc; do ! touch $d/new "
            "2>/dev/null || echo $d; done;"
            "touch /build/new /tmp/new /dev/shm/new; ! (echo x > /proc/sys/kernel/hostname) 2>/dev/null;"
            "! (echo x > /etc/passwd) 2>/dev/null; [ ! -w /usr/bin/make ]");
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
    EXPECT_EQ(outcome.log, "");
}

TEST_P(Sandbox, HasAMinimalDev) {
    const Outcome outcome =
        run("ls /dev | tr '\\n' ' '; echo x > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom "
            "| wc -c;"
            "echo to stderr > /dev/stderr; echo from fd > /dev/fd/1");
    EXPECT_EQ(
        outcome.log,
        "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero 4\n4\nto stderr\nfrom fd\n")
        << explain(outcome);
}

TEST_P(Sandbox, EndsWhatIsLeftBehind) {
    SandboxSpec spec =
        spec_for("(setsid sh -c 'sleep 0.5; echo late > /build/late; echo late') & echo early");
    spec.tools = {"setsid"};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.log, "early\n");
    EXPECT_LT(outcome.result.wall_time, 500ms);
    std::this_thread::sleep_for(700ms);
    EXPECT_EQ(read_build("late"), "");
    EXPECT_EQ(read_file(folder() / "log"), "early\n");
}

TEST_P(Sandbox, SeesNoProcessOfTheHost) {
    EXPECT_EQ(run("ls /proc | grep -c '^[0-9]' | awk '{ print ($1 <= 6) }'").log, "1\n");
}

TEST_P(Sandbox, GuardsItsFirstProcess) {
    const Outcome outcome =
        run("kill -9 1 || true; cat /proc/1/environ 2>/dev/null || echo closed; echo alive");
    EXPECT_EQ(outcome.log, "closed\nalive\n")
        << "process 1 is a copy of the caller: its memory is nobody's business";
}

TEST_P(Sandbox, GivesTheBuildDirectoryBack) {
    const Outcome outcome =
        run("mkdir -p a/b; echo x > a/b/file; ln -s /etc/passwd link; chmod 4755 a/b/file; mkdir locked; "
            "echo y > locked/file;"
            "chmod 0 locked/file locked; cp a/b/file tool; chmod 2755 tool; mkdir shared; chmod 3775 shared");
    ASSERT_EQ(outcome.result.status, 0) << explain(outcome);
    const auto status_of = [&](const char* name) {
        struct stat status{};
        EXPECT_EQ(::lstat((build() / name).c_str(), &status), 0) << name;
        return status;
    };
    const uid_t owner = static_cast<uid_t>(std::stoul(act([] { return std::to_string(::geteuid()); })));
    for (const char* name : {"", "a", "a/b", "a/b/file", "link", "locked", "locked/file"})
        EXPECT_EQ(status_of(name).st_uid, owner) << name;
    EXPECT_EQ(status_of("a/b/file").st_mode & 07777U, 0755U);
    EXPECT_EQ(status_of("tool").st_mode & 07777U, 0755U);
    EXPECT_EQ(status_of("shared").st_mode & 07777U, 01775U);
    EXPECT_EQ(status_of("locked").st_mode & 07777U, 0500U);
    EXPECT_EQ(status_of("locked/file").st_mode & 07777U, 0400U);
}

TEST_P(Sandbox, PassesTheJobServerAndNothingElse) {
    const std::string log = act([&] {
        std::array<int, 2> pipe{};
        EXPECT_EQ(::pipe(pipe.data()), 0);  // without close-on-exec, as a careless library would open things
        const Fd leaked(::open("/etc/hostname", O_RDONLY));
        const Fd reader(::fcntl(pipe[0], F_DUPFD_CLOEXEC, 60)), writer(::fcntl(pipe[1], F_DUPFD_CLOEXEC, 61));
        write_all(writer.get(), "+", "pipe");
        SandboxSpec spec = spec_for(std::format(
            "ls /proc/self/fd | tr '\\n' ' '; head -c 1 <&{}; printf + >&{}", reader.get(), writer.get()));
        spec.inherited = {reader.get(), writer.get()};
        const std::atomic<bool> stop = false;
        HostPackages packages(folder() / "packages.json");
        EXPECT_EQ(run_in_sandbox(spec, packages, stop).status, 0);
        std::array<std::uint8_t, 1> token{};
        EXPECT_EQ(::read(reader.get(), token.data(), 1), 1);
        return find_file(folder() / "log").value_or("") + static_cast<char>(token[0]);
    });
    EXPECT_EQ(log, "0 1 2 3 60 61 ++") << "3 is the folder that ls reads";
}

TEST_P(Sandbox, MeasuresWhatWasUsed) {
    const Outcome outcome =
        run("head -c 8000000 /dev/urandom > file; i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
    EXPECT_GE(outcome.result.peak_disk, 8'000'000U);
    EXPECT_LT(outcome.result.peak_disk, 9'000'000U);
    EXPECT_GT(outcome.result.cpu_time, 20ms);
    EXPECT_GT(outcome.result.max_resident, 1'000'000U);
}

TEST_P(Sandbox, RunsInSeveralThreads) {
    act([&] {
        HostPackages packages(folder() / "packages.json");
        const std::atomic<bool> stop = false;
        std::array<int, 4> statuses{};
        {
            std::vector<std::thread> threads;
            for (int i = 0; i < 4; ++i)
                threads.emplace_back([&, i] {
                    const auto place = folder() / std::format("build{}", i);
                    make_directories(place);
                    SandboxSpec spec = spec_for(
                        std::format("echo {} > own; sleep 0.2; [ $(cat own) = {} ]; exit {}", i, i, 10 + i));
                    spec.build_directory = place;
                    spec.log = folder() / std::format("log{}", i);
                    statuses[static_cast<std::size_t>(i)] = run_in_sandbox(spec, packages, stop).status;
                });
            for (std::thread& thread : threads) thread.join();
        }
        EXPECT_EQ(statuses, (std::array<int, 4>{10, 11, 12, 13}));
        return std::string();
    });
}

}  // namespace
}  // namespace cairn::sandbox
