#include "images/assemble/esp.h"

#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn::assemble {
namespace {

constexpr std::uint64_t block_size = 1024;  // what mkfs.fat counts a size in

/// Folders that exist once all files are there, each after its parent.
std::vector<std::string> all_folders(const EspPlan& plan) {
    std::set<std::string> found;
    const auto add_with_parents = [&](std::string_view folder) {
        for (std::size_t slash = folder.find('/'); slash != std::string_view::npos;
             slash = folder.find('/', slash + 1))
            found.emplace(folder.substr(0, slash));
        if (!folder.empty()) found.emplace(folder);
    };
    for (const std::string& folder : plan.folders) add_with_parents(folder);
    for (const EspFile& file : plan.files)
        add_with_parents(std::string_view(file.path).substr(
            0, file.path.rfind('/') == std::string::npos ? 0 : file.path.rfind('/')));
    return {found.begin(), found.end()};
}

/// A program of mtools or dosfstools; on Debian some stand where only root looks.
std::string program(std::string_view name) {
    if (const auto found = find_program(name)) return found->string();
    const std::string in_sbin = std::format("/usr/sbin/{}", name);
    if (std::filesystem::exists(in_sbin)) return in_sbin;
    throw Error(std::format("cannot make the ESP: program '{}' is missing", name))
        .hint("install the packages dosfstools and mtools");
}

void make_file_system(const std::filesystem::path& image, const EspPlan& plan) {
    run_command_checked(
        {.arguments = {program("mkfs.fat"), "-F", "32", "--invariant", "-i",
                       std::format("{:08x}", plan.volume_id), "-n", "ESP", "-S",
                       std::to_string(plan.sector_size), "-h", std::to_string(plan.offset / plan.sector_size),
                       "--offset", std::to_string(plan.offset / plan.sector_size), image.string(),
                       std::to_string(plan.size / block_size)}});
}

/// Runs a program of mtools on the file system in the image, with a clock that stands still.
void run_mtools(const std::filesystem::path& image, const EspPlan& plan, std::string_view name,
                const std::vector<std::string>& arguments) {
    Command command = {.arguments = {program(name), "-i", std::format("{}@@{}", image.string(), plan.offset)},
                       .environment = {std::format("SOURCE_DATE_EPOCH={}", plan.time), "TZ=UTC", "LC_ALL=C",
                                       "MTOOLSRC=/dev/null"}};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    run_command_checked(command);
}

}  // namespace

void write_esp(const std::filesystem::path& image, const EspPlan& plan) {
    CHECK(plan.offset % plan.sector_size == 0 && plan.size % block_size == 0);
    with_context("making the ESP", [&] {
        make_file_system(image, plan);
        std::vector<std::string> folders;
        for (const std::string& folder : all_folders(plan)) folders.push_back("::/" + folder);
        if (!folders.empty()) run_mtools(image, plan, "mmd", folders);
        for (const EspFile& file : plan.files)
            run_mtools(image, plan, "mcopy", {"-o", file.source.string(), "::/" + file.path});
    });
}

}  // namespace cairn::assemble
