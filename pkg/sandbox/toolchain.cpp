#include "pkg/sandbox/toolchain.h"

#include <format>

#include "pkg/base/files.h"
#include "pkg/sandbox/tools.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

std::string wrapper(std::string_view program) {
    return std::format("#!/bin/sh\nexec /usr/bin/{}-{} --no-default-config --config {}/target.cfg \"$@\"\n",
                       program, llvm_version, toolchain_place);
}

std::string clang_configuration(const std::string& triple, BuildFor build_for) {
    std::string text = std::format(
        "--target={}\n"
        "-fuse-ld=lld\n"
        "-Wno-unused-command-line-argument\n",
        triple);
    if (build_for == BuildFor::host) return text + "-isystem /host/usr/include\n-L/host/usr/lib\n";
    return text + std::format(
                      "--sysroot=/sysroot\n"
                      "-resource-dir=/sysroot/usr/lib/clang/{}\n"
                      "-rtlib=compiler-rt\n"
                      "-unwindlib=libunwind\n"
                      "-stdlib=libc++\n"
                      // Or the headers of the host's libc++, found beside the compiler, would come first.
                      "-stdlib++-isystem /sysroot/usr/include/c++/v1\n",
                      llvm_version);
}

// With a system name given CMake takes the build for a cross build: it runs none of the programs that it
// makes, which would find another C library here.
std::string cmake_file(const std::string& triple, const std::string& architecture, BuildFor build_for) {
    std::string text;
    if (build_for == BuildFor::target)
        text += std::format(
            "set(CMAKE_SYSTEM_NAME Linux)\n"
            "set(CMAKE_SYSTEM_PROCESSOR {})\n"
            "set(CMAKE_FIND_ROOT_PATH /sysroot)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)\n"
            "set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)\n",
            architecture);
    else
        text += "list(APPEND CMAKE_PREFIX_PATH /host/usr)\n";
    text += std::format(
        "set(CMAKE_C_COMPILER {0}/bin/{1}-cc)\n"
        "set(CMAKE_CXX_COMPILER {0}/bin/{1}-c++)\n"
        "set(CMAKE_ASM_COMPILER {0}/bin/{1}-cc)\n",
        toolchain_place, triple);
    for (const auto& [variable, program] : {std::pair("AR", "llvm-ar"),
                                            {"NM", "llvm-nm"},
                                            {"RANLIB", "llvm-ranlib"},
                                            {"STRIP", "llvm-strip"},
                                            {"OBJCOPY", "llvm-objcopy"},
                                            {"OBJDUMP", "llvm-objdump"},
                                            {"READELF", "llvm-readelf"},
                                            {"LINKER", "ld.lld"}})
        text += std::format("set(CMAKE_{} /usr/bin/{}-{})\n", variable, program, llvm_version);
    return text;
}

std::string meson_file(const std::string& triple, const std::string& architecture, BuildFor build_for) {
    std::string text = std::format(
        "[binaries]\n"
        "c = '{0}/bin/{1}-cc'\n"
        "cpp = '{0}/bin/{1}-c++'\n"
        "c_ld = 'lld'\n"
        "cpp_ld = 'lld'\n"
        "pkgconfig = 'pkgconf'\n",
        toolchain_place, triple);
    for (const auto& [name, program] : {std::pair("ar", "llvm-ar"),
                                        {"nm", "llvm-nm"},
                                        {"ranlib", "llvm-ranlib"},
                                        {"strip", "llvm-strip"},
                                        {"objcopy", "llvm-objcopy"},
                                        {"objdump", "llvm-objdump"},
                                        {"readelf", "llvm-readelf"}})
        text += std::format("{} = '{}-{}'\n", name, program, llvm_version);
    text += std::format("\n[properties]\nneeds_exe_wrapper = {}\n", build_for == BuildFor::target);
    if (build_for == BuildFor::target)
        text +=
            "sys_root = '/sysroot'\n"
            "pkg_config_libdir = ['/sysroot/usr/lib/pkgconfig', '/sysroot/usr/share/pkgconfig']\n";
    return text + std::format(
                      "\n[host_machine]\n"
                      "system = 'linux'\n"
                      "cpu_family = '{0}'\n"
                      "cpu = '{0}'\n"
                      "endian = 'little'\n",
                      architecture);
}

}  // namespace

void make_toolchain_directory(const fs::path& directory, const std::string& triple, BuildFor build_for) {
    const std::string architecture = triple.substr(0, triple.find('-'));
    make_directories(directory / "bin");
    write_file(directory / "bin" / (triple + "-cc"), wrapper("clang"), 0755);
    write_file(directory / "bin" / (triple + "-c++"), wrapper("clang++"), 0755);
    write_file(directory / "target.cfg", clang_configuration(triple, build_for));
    write_file(directory / "cmake.cmake", cmake_file(triple, architecture, build_for));
    write_file(directory / "meson.cross", meson_file(triple, architecture, build_for));
}

}  // namespace cairn::sandbox
