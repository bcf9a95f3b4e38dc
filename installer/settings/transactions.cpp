#include "installer/settings/transactions.h"

#include <format>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;

constexpr int format_version = 1;
constexpr std::size_t most_names = 16;
constexpr std::size_t most_patches = 256;
constexpr std::size_t largest = 1 << 20;

}  // namespace

Transactions::Transactions(fs::path directory, Store& store, const Schema& schema)
    : directory_(std::move(directory) / "pending"), store_(&store), schema_(&schema) {
    make_directories(directory_);
    fs::permissions(directory_, fs::perms::owner_all);  // patches hold secrets
}

fs::path Transactions::file_of(std::string_view name) const {
    if (!is_setting_word(name))
        throw UsageError(
            std::format("cannot use transaction '{}': a name is small letters, digits and '_', a "
                        "letter first, at most 63",
                        name));
    return directory_ / std::format("{}.json", name);
}

Json Transactions::patches_of(std::string_view name) const {
    const fs::path file = file_of(name);
    const auto text = find_file(file, 2 * largest);
    if (!text) return Json::array();
    Json document = parse_json(*text, file.string());
    const bool is_known = document.is_object() && document.value("format", Json()) == format_version &&
                          document.contains("patches") && document["patches"].is_array();
    if (!is_known)
        throw VerifyError(
            std::format("cannot use '{}': it is not of format {}", file.string(), format_version))
            .hint(std::format("drop transaction '{}' and begin anew", name));
    return std::move(document["patches"]);
}

void Transactions::patch(std::string_view name, const Json& patch) {
    if (!patch.is_object()) throw UsageError("cannot take a patch: it is no table of settings");
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    Json patches = patches_of(name);
    if (patches.empty() && names().size() >= most_names)
        throw UsageError(
            std::format("cannot begin transaction '{}': {} are pending already", name, most_names))
            .hint("commit or drop one of them");
    patches.push_back(patch);
    const std::string text = format_json({{"format", format_version}, {"patches", patches}});
    if (patches.size() > most_patches || text.size() > largest)
        throw UsageError(std::format("cannot add to transaction '{}': it grows too large", name));
    replace_file(file_of(name), text, 0600);
}

Json Transactions::outcome_of(std::string_view name) const {
    Json document = store_->read_current();
    for (const Json& patch : patches_of(name)) document.merge_patch(patch);
    return document;
}

Preview Transactions::preview(std::string_view name) const {
    const Json outcome = outcome_of(name);
    return {find_differences(store_->read_current(), outcome, *schema_), find_violations(outcome, *schema_)};
}

Values Transactions::verify(std::string_view name) const {
    if (patches_of(name).empty())
        throw UsageError(std::format("cannot commit transaction '{}': nothing is pending in it", name));
    return verify_values(outcome_of(name), *schema_);
}

std::uint64_t Transactions::commit(std::string_view name, const Change& change) {
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    const std::uint64_t version = store_->commit(verify(name), change);
    fs::remove(file_of(name));
    return version;
}

void Transactions::drop(std::string_view name) {
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    fs::remove(file_of(name));
}

std::vector<std::string> Transactions::names() const {
    std::vector<std::string> found;
    for (const std::string& name : Dir::open(directory_).names(""))
        if (name.ends_with(".json") && is_setting_word(name.substr(0, name.size() - 5)))
            found.push_back(name.substr(0, name.size() - 5));
    return found;
}

}  // namespace cairn::settings
