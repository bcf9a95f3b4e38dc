#include "pkg/build/environment.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/text.h"

namespace cairn::build {
namespace {

using recipe::Architecture;
using recipe::Template;

std::string template_name(Template value) {
    switch (value) {
        case Template::autotools:
            return "autotools";
        case Template::cmake:
            return "cmake";
        case Template::meson:
            return "meson";
        case Template::make:
            return "make";
        case Template::script:
            return "script";
    }
    return {};
}

std::string compile_flags(const PlanNode& node) {
    if (node.recipe.build.host) return "-O2";
    const std::string common = "-O2 -fstack-protector-strong -ftrivial-auto-var-init=zero -fPIE";
    return common + (node.architecture == Architecture::aarch64 ? " -mbranch-protection=standard"
                                                                : " -fcf-protection");
}

std::vector<std::string> template_tools(Template value) {
    switch (value) {
        case Template::cmake:
            return {"cmake", "ninja"};
        case Template::meson:
            return {"meson", "ninja", "python3"};
        default:
            return {};
    }
}

std::string quote_list(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += " " + quote_for_shell(word);
    return text;
}

}  // namespace

std::vector<std::string> all_tools(const recipe::Recipe& recipe) {
    std::set<std::string> tools(recipe.build.tools.begin(), recipe.build.tools.end());
    for (const std::string& tool : template_tools(recipe.build.build_template)) tools.insert(tool);
    return {tools.begin(), tools.end()};
}

std::vector<std::string> all_debian(const recipe::Recipe& recipe) {
    std::set<std::string> packages(recipe.build.debian.begin(), recipe.build.debian.end());
    if (recipe.build.host) packages.insert({"libc6-dev", "linux-libc-dev"});
    return {packages.begin(), packages.end()};
}

std::string target_triple(const PlanNode& node) {
    if (node.recipe.build.host) return recipe::to_string(recipe::host_architecture()) + "-linux-gnu";
    return recipe::to_string(node.architecture) + "-unknown-linux-musl";
}

std::vector<std::string> make_environment(const PlanNode& node, const BuildContext& context, unsigned jobs,
                                          const std::string& makeflags) {
    const bool is_host = node.recipe.build.host;
    const std::string triple = target_triple(node);
    const std::string flags = compile_flags(node);
    const Architecture architecture = is_host ? recipe::host_architecture() : node.architecture;
    std::vector<std::string> environment{
        "ARCH=" + recipe::to_string(architecture),
        std::string("KARCH=") + (architecture == Architecture::x86_64 ? "x86" : "arm64"),
        "TRIPLE=" + triple,
        "SOURCE=/source/main",
        "RECIPE=/recipe",
        "STAGE=/build/stage",
        "SYSROOT=/sysroot",
        "HOSTROOT=/host",
        std::format("JOBS={}", jobs),
        "MAKEFLAGS=" + makeflags,
        "SOURCE_DATE_EPOCH=1",
        "HOME=/build",
        "TMPDIR=/tmp",
        "LC_ALL=C.UTF-8",
        "TZ=UTC",
        "TERM=dumb",
        "PATH=/toolchain/bin:/host/usr/bin:/usr/bin",
        "CC=" + triple + "-cc",
        "CXX=" + triple + "-c++",
        "AR=llvm-ar-19",
        "NM=llvm-nm-19",
        "RANLIB=llvm-ranlib-19",
        "STRIP=llvm-strip-19",
        "OBJCOPY=llvm-objcopy-19",
        "READELF=llvm-readelf-19",
        "LD=ld.lld-19",
        "CC_FOR_BUILD=clang-19",
        "HOSTCC=clang-19",
        "HOSTCXX=clang++-19",
        "CFLAGS=" + flags,
        "CXXFLAGS=" + flags,
        "LDFLAGS=-Wl,-z,relro,-z,now -Wl,--as-needed",
        "PKG_CONFIG=pkgconf",
    };
    if (std::ranges::contains(node.recipe.build.parameters, "driver_groups"))
        environment.push_back("CAIRN_DRIVER_GROUPS=" + join(context.parameters.driver_groups, " "));
    if (std::ranges::contains(node.recipe.build.parameters, "module_certificate"))
        environment.push_back(std::string("MODULE_CERT=") + module_certificate_path);
    if (is_host) return environment;
    environment.insert(environment.end(),
                       {"PKG_CONFIG_LIBDIR=/sysroot/usr/lib/pkgconfig:/sysroot/usr/share/pkgconfig",
                        "PKG_CONFIG_SYSROOT_DIR=/sysroot", "CMAKE_TOOLCHAIN_FILE=/toolchain/cmake.cmake",
                        "MESON_CROSS_FILE=/toolchain/meson.cross"});
    return environment;
}

std::string make_script(const PlanNode& node) {
    const recipe::BuildSpec& build = node.recipe.build;
    std::vector<std::string> options = build.options;
    if (!build.host) {
        const auto& more =
            node.architecture == Architecture::x86_64 ? build.options_x86_64 : build.options_aarch64;
        options.insert(options.end(), more.begin(), more.end());
    }
    const bool in_source = build.in_source || build.build_template == Template::make;
    std::string script = "set -e -u -o pipefail\n";
    script += std::format("options=({} )\nsubdir={}\n", quote_list(options), quote_for_shell(build.subdir));
    if (in_source) script += "in_source=yes\n";
    if (build.host) script += "is_host=yes\n";
    script += ". /cairn/steps.sh\nmkdir -p /build/work \"$STAGE\" /build/split\ncd /build/work\n";
    if (in_source) script += "copy_source\n";
    script += std::format("template_{}\n", template_name(build.build_template));
    if (!build.script.empty()) script += "# the recipe's own script\n" + build.script + "\n";
    return script + "tidy_stage\n";
}

}  // namespace cairn::build
