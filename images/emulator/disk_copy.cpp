#include "images/emulator/disk_copy.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn::emulator {

namespace fs = std::filesystem;

void make_overlay(const fs::path& image, const fs::path& copy, std::uint64_t size) {
    const std::uint64_t at_least = std::max<std::uint64_t>(size, fs::file_size(image));
    run_command_checked({.arguments = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
                                       fs::absolute(image), copy, std::to_string(at_least)}});
}

void make_raw_copy(const fs::path& image, const fs::path& copy, std::uint64_t size) {
    run_command_checked({.arguments = {"cp", "--sparse=always", "--reflink=auto", image, copy}});
    fs::resize_file(copy, std::max<std::uint64_t>(size, fs::file_size(image)));
}

std::uint64_t parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    const int shift = unit == "T" ? 40 : unit == "G" ? 30 : unit == "M" ? 20 : unit == "K" ? 10 : 0;
    const bool is_unit_known = unit.empty() || shift != 0;
    if (error != std::errc() || !is_unit_known || number == 0 || number > UINT64_MAX >> shift)
        throw UsageError(std::format("'{}' is not a size", text)).hint("for example 8G or 512M");
    return number << shift;
}

}  // namespace cairn::emulator
