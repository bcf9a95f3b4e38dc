#include "cli/host/repo_maker.h"

#include <charconv>
#include <ctime>
#include <format>
#include <print>

#include "cli/host/maker_keys.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/page.h"

namespace cairn::host {

MakerKeys::MakerKeys(const std::vector<std::string>& further) {
    add(crypto::KeyDirectory::default_path().string());
    for (const std::string& directory : further) add(directory);
}

void MakerKeys::add(const std::string& directory) {
    directories_.push_back(open_keys(directory));
    signing_.add(directories_.back());
}

tuf::Time read_clock() {
    return static_cast<tuf::Time>(std::time(nullptr));
}

void print_missing(const std::vector<repo::Missing>& missing) {
    std::size_t bins = 0;
    for (const repo::Missing& role : missing) {
        if (repo::is_bin(role.role)) {
            ++bins;
            continue;
        }
        std::println("  {}: {} of {} by {}; not yet by", role.role, role.count, role.threshold, role.whose);
        for (const std::string& id : role.open_keys) std::println("    {}", id);
    }
    if (bins > 0)
        std::println("  and {} bin{} of packages, by the keys of targets", bins, bins == 1 ? "" : "s");
}

void finish(repo::Repository& repository, const repo::CommitResult& result) {
    if (result.is_effective()) return repo::write_page(repository);
    const std::string directory = repository.path().string();
    std::println("nothing is published yet: signatures are missing");
    print_missing(result.missing);
    std::println("'{}' waits; who has one of these keys signs", repository.pending_path().string());
    std::println("  here:       cairn repo sign {} --keys DIR", directory);
    std::println("  elsewhere:  cairn repo sign FILE, on a copy; then here: cairn repo sign {} --take FILE",
                 directory);
}

std::chrono::days parse_days(std::string_view text) {
    int days = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, days);
    if (error != std::errc() || std::string_view(rest, end) != "d" || days < 1 || days > 3650)
        throw UsageError(std::format("'{}' is not a number of days like 180d", text));
    return std::chrono::days(days);
}

std::uint64_t parse_count(std::string_view text, std::string_view option) {
    std::uint64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || rest != end || count < 1 || count > 1000)
        throw UsageError(std::format("'{}' of {} is not a number of signatures", text, option));
    return count;
}

}  // namespace cairn::host
