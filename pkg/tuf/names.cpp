#include "pkg/tuf/names.h"

#include <fnmatch.h>

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"

namespace cairn::tuf {
namespace {

bool is_unreserved(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || std::string_view("_.-~").contains(character);
}

std::string quote(std::string_view text, std::string_view kept) {
    std::string quoted;
    for (const char character : text) {
        if (is_unreserved(character) || kept.contains(character))
            quoted += character;
        else
            quoted += std::format("%{:02X}", static_cast<unsigned char>(character));
    }
    return quoted;
}

/// As many hexadecimal digits as the last bin's number has.
std::size_t count_digits(const SuccinctBins& bins) {
    return std::format("{:x}", (std::uint64_t{1} << bins.bit_length) - 1).size();
}

bool is_pattern_match(const std::string& pattern, std::string_view target) {
    const std::vector<std::string> wanted = split(pattern, '/');
    const std::vector<std::string> parts = split(target, '/');
    return wanted.size() == parts.size() &&
           std::ranges::equal(wanted, parts, [](const std::string& glob, const std::string& part) {
               return fnmatch(glob.c_str(), part.c_str(), FNM_NOESCAPE) == 0;
           });
}

}  // namespace

std::string quote_name(std::string_view name) {
    return quote(name, "");
}

std::string quote_path(std::string_view path) {
    return quote(path, "/");
}

std::string metadata_file_name(std::string_view role, std::optional<std::uint64_t> version) {
    const std::string name = quote_name(role) + ".json";
    return version ? std::format("{}.{}", *version, name) : name;
}

std::string consistent_name(const std::string& target, const FileDescription& file) {
    CHECK(!file.hashes.empty());
    const auto hash = file.hashes.contains("sha256") ? file.hashes.find("sha256") : file.hashes.begin();
    const std::size_t name = target.rfind('/') + 1;  // npos + 1 is 0
    return std::format("{}{}.{}", target.substr(0, name), hash->second, target.substr(name));
}

bool covers(const Delegation& delegation, std::string_view target) {
    if (!delegation.hash_prefixes.empty()) {
        const std::string hash = crypto::hash_sha256(target).to_hex();
        return std::ranges::any_of(delegation.hash_prefixes,
                                   [&](const std::string& prefix) { return hash.starts_with(prefix); });
    }
    return std::ranges::any_of(delegation.paths,
                               [&](const std::string& pattern) { return is_pattern_match(pattern, target); });
}

std::string bin_of(const SuccinctBins& bins, std::string_view target) {
    const crypto::Hash hash = crypto::hash_sha256(target);
    std::uint64_t start = 0;
    for (const std::uint8_t byte : hash.bytes().first(4)) start = start << 8 | byte;
    const std::uint64_t bin = start >> (32 - bins.bit_length);
    return std::format("{}-{:0{}x}", bins.name_prefix, bin, count_digits(bins));
}

std::vector<std::string> list_bins(const SuccinctBins& bins,
                                   const std::map<std::string, FileDescription>& files) {
    const std::string start = bins.name_prefix + "-";
    constexpr std::string_view end = ".json";
    std::vector<std::string> names;
    for (const auto& [file, description] : files) {
        if (!file.starts_with(start) || !file.ends_with(end)) continue;
        const std::string number = file.substr(start.size(), file.size() - start.size() - end.size());
        const bool is_number = number.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (is_number && number.size() == count_digits(bins)) names.push_back(start + number);
    }
    return names;
}

void check_target_name(std::string_view target) {
    const std::vector<std::string> parts = split(target, '/');
    const bool is_fine = target.size() <= 4096 && !target.contains('\0') &&
                         std::ranges::none_of(parts, [](const std::string& part) {
                             return part.empty() || part == "." || part == ".." || part.size() > 255;
                         });
    if (!is_fine)
        throw Error(std::format("target '{}' has a name that is not a plain relative path", target));
}

}  // namespace cairn::tuf
