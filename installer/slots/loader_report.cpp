#include "installer/slots/loader_report.h"

#include <format>
#include <string_view>

#include "installer/slots/loader_variables.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::slots {

namespace {

constexpr std::size_t attributes_length = 4;  // efivarfs puts the variable's attributes before its value
constexpr std::uint64_t most_bytes = 4096;

/// A variable that holds UTF-16 text. What is not ASCII becomes '?': none of our names has any.
std::string read_text_variable(const std::filesystem::path& variables, std::string_view name) {
    std::optional<std::string> bytes;
    try {
        bytes = find_file(variables / std::format("{}-{}", name, loader_vendor), most_bytes);
    } catch (const Error&) {
        return {};  // the firmware refuses to give it: the same as not there
    }
    std::string text;
    if (!bytes) return text;
    for (std::size_t at = attributes_length; at + 1 < bytes->size(); at += 2) {
        const char low = (*bytes)[at];
        const char high = (*bytes)[at + 1];
        if (low == 0 && high == 0) break;
        text += high == 0 && static_cast<unsigned char>(low) < 0x80 ? low : '?';
    }
    return text;
}

}  // namespace

LoaderReport read_loader_report(const std::filesystem::path& variables) {
    LoaderReport report;
    report.partition = layout::find_guid(read_text_variable(variables, "LoaderDevicePartUUID"));

    // Only set when the name that was started counts; holds the path after the loader's renaming.
    const std::string counted = read_text_variable(variables, "LoaderBootCountPath");
    report.boot_file = counted.substr(counted.find_last_of("\\/") + 1);
    if (const auto name = layout::find_boot_file_name(report.boot_file)) report.counter = name->counter;
    if (report.boot_file.empty()) report.boot_file = read_text_variable(variables, "LoaderEntrySelected");
    return report;
}

}  // namespace cairn::slots
