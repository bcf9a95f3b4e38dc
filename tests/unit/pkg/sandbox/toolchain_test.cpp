#include "pkg/sandbox/toolchain.h"

#include <format>

#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "tests/unit/pkg/sandbox/shut_in.h"

namespace cairn::sandbox {
namespace {

namespace fs = std::filesystem;

using Toolchain = ShutIn;
CAIRN_RUN_BY_SUITE(Toolchain);

SandboxSpec with_toolchain(SandboxSpec spec, const fs::path& folder, const std::string& triple,
                           BuildFor build_for) {
    make_toolchain_directory(folder / "toolchain", triple, build_for);
    make_directories(folder / "sysroot/usr/include");
    make_directories(folder / "sysroot/usr/lib");
    write_file(folder / "sysroot/usr/include/only_here.h", "#define ANSWER 42\n");
    spec.mounts = {{folder / "toolchain", "/toolchain"}, {folder / "sysroot", "/sysroot"}};
    spec.environment.push_back("CMAKE_TOOLCHAIN_FILE=/toolchain/cmake.cmake");
    return spec;
}

TEST_P(Toolchain, CompilesForTheTargetAgainstTheSysroot) {
    for (const std::string architecture : {"x86_64", "aarch64"}) {
        const std::string triple = architecture + "-unknown-linux-musl";
        const SandboxSpec spec = with_toolchain(
            spec_for(std::format(
                "printf '#include <only_here.h>\\nint answer(void) {{ return ANSWER; }}\\n' > a.c;"
                "{0}-cc -c a.c; {0}-c++ -c -x c++ a.c -o b.o; llvm-readelf -h a.o | grep Machine",
                triple)),
            folder(), triple, BuildFor::target);
        const Outcome outcome = run(spec);
        EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
        EXPECT_TRUE(outcome.log.contains(architecture == "x86_64" ? "X86-64" : "AArch64")) << outcome.log;
        fs::remove(folder() / "log");
    }
}

TEST_P(Toolchain, FindsNoHeaderOfTheHost) {
    SandboxSpec spec =
        with_toolchain(spec_for("echo '#include <stdio.h>' | x86_64-unknown-linux-musl-cc -E - >/dev/null"),
                       folder(), "x86_64-unknown-linux-musl", BuildFor::target);
    spec.debian = {
        "libc6-dev"};  // for programs that run while building; a target's compiler must not see them
    const Outcome outcome = run(spec);
    EXPECT_NE(outcome.result.status, 0);
    EXPECT_TRUE(outcome.log.contains("'stdio.h' file not found")) << outcome.log;
}

TEST_P(Toolchain, ServesCMake) {
    SandboxSpec spec = with_toolchain(
        spec_for("printf 'cmake_minimum_required(VERSION 3.20)\\nproject(a C CXX)\\nadd_library(a STATIC a.c "
                 "b.cpp)\\n' > "
                 "CMakeLists.txt; echo '#include <only_here.h>' > a.c; echo '#include <only_here.h>' > b.cpp;"
                 "cmake -G Ninja -B out -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY; ninja -C out;"
                 "grep -q 'CMAKE_CROSSCOMPILING \"TRUE\"' out/CMakeFiles/*/CMakeSystem.cmake"),
        folder(), "aarch64-unknown-linux-musl", BuildFor::target);
    spec.tools = {"cmake", "ninja"};
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.status, 0) << explain(outcome);
}

TEST_P(Toolchain, MakesProgramsForThisMachine) {
    SandboxSpec spec = with_toolchain(spec_for("printf '#include <stdio.h>\\nint main() { puts(\"ran\"); "
                                               "}\\n' > a.c; x86_64-linux-gnu-cc a.c -o a; ./a"),
                                      folder(), "x86_64-linux-gnu", BuildFor::host);
    spec.debian = {"libc6-dev", "linux-libc-dev"};
#if defined(__x86_64__)
    EXPECT_EQ(run(spec).log, "ran\n");
#endif
}

TEST_P(Toolchain, ServesMeson) {
    SandboxSpec spec =
        with_toolchain(spec_for("printf \"project('a', 'c')\\nexecutable('a', 'a.c')\\n\" > meson.build;"
                                "printf '#include <stdio.h>\\nint main() { puts(\"ran\"); }\\n' > a.c;"
                                "meson setup out --cross-file /toolchain/meson.cross >setup.log || { cat "
                                "setup.log; exit 1; }; ninja -C out >&2; ./out/a"),
                       folder(), "x86_64-linux-gnu", BuildFor::host);
    spec.tools = {"meson", "ninja", "python3"};
    spec.debian = {"libc6-dev", "linux-libc-dev"};
#if defined(__x86_64__)
    const Outcome outcome = run(spec);
    EXPECT_TRUE(outcome.log.ends_with("ran\n")) << explain(outcome);
#endif
}

}  // namespace
}  // namespace cairn::sandbox
