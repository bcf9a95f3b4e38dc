#include "pkg/source/moved_pin.h"

#include <algorithm>
#include <atomic>
#include <format>

#include "pkg/archive/parallel.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/source/debian_version.h"
#include "pkg/source/source_cache.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

PoolFile pool_file(const recipe::SourceSpec& spec) {
    return {spec.debian_source, spec.debian_file, spec.debian_component};
}

bool is_older(const IndexedFile& left, const IndexedFile& right) {
    return compare_debian_versions(left.version, right.version) < 0;
}

bool is_same_series(std::string_view pinned, std::string_view file) {
    const auto left = find_pool_name(pinned);
    const auto right = find_pool_name(file);
    return left && right && series_of(left->version) == series_of(right->version);
}

/// Replaces every occurrence of `from`, whatever the case of its letters; gives how many there were.
std::size_t replace_in(std::string& text, const std::string& from, const std::string& to) {
    std::size_t count = 0;
    std::string lower = to_lower(text);
    const std::string wanted = to_lower(from);
    for (std::size_t at = lower.find(wanted); at != std::string::npos;
         at = lower.find(wanted, at + to.size())) {
        text.replace(at, wanted.size(), to);
        lower.replace(at, wanted.size(), to);
        ++count;
    }
    return count;
}

void take_file(recipe::SourceSpec& spec, const std::string& file, const crypto::Hash& sha256) {
    spec.debian_file = file;
    spec.sha256 = sha256;
    spec.urls.clear();  // they are addresses of the old bytes
}

/// Where a followed pin is remembered: "<file> <sha256>".
fs::path record_of(const recipe::SourceSpec& spec, const Environment& environment) {
    return environment.cache / "followed-pins" / spec.sha256->to_hex();
}

bool take_remembered(PinnedFile& pin, Environment& environment) {
    const auto record = find_file(record_of(pin.spec, environment));
    const std::vector<std::string> words = split_words(record.value_or(""));
    const auto sha256 = words.size() == 2 ? crypto::find_hash(words[1]) : std::nullopt;
    if (!sha256) return false;
    PinnedFile moved = pin;
    take_file(moved.spec, words[0], *sha256);
    const bool is_cached = SourceCache(environment.cache).has(*sha256);
    if (!is_cached && (environment.is_offline || !find_file_anywhere(moved, environment))) return false;
    pin = std::move(moved);
    return true;
}

/// Leaves the pin at a file that is in the cache.
void follow_pin(PinnedFile& pin, Environment& environment) {
    const PinnedFile pinned = pin;
    if (!take_remembered(pin, environment)) {
        if (environment.is_offline || find_file_anywhere(pin, environment)) return;
        const auto newest =
            pin.spec.kind == recipe::SourceSpec::Kind::debian ? find_newest(pin, environment) : std::nullopt;
        if (!newest || newest->sha256 == pin.sha256() || !is_same_series(pin.spec.debian_file, newest->file))
            throw make_vanished_pin_error(pin, environment);
        take_file(pin.spec, newest->file, newest->sha256);
        fetch_file(pin, environment);
        const fs::path record = record_of(pinned.spec, environment);
        make_directories(record.parent_path());
        replace_file(record, std::format("{} {}\n", newest->file, newest->sha256.to_hex()));
    }
    environment.note(std::format("recipe '{}' pins '{}', which is gone: taking '{}' for this run", pin.recipe,
                                 pinned.spec.debian_file, pin.spec.debian_file));
}

}  // namespace

std::optional<IndexedFile> choose_newest(std::string_view pinned, std::span<const IndexedFile> files) {
    const auto name = find_pool_name(pinned);
    if (!name) return std::nullopt;
    std::vector<IndexedFile> all;
    std::vector<IndexedFile> same_series;
    for (const IndexedFile& file : files) {
        const auto other = find_pool_name(file.file);
        if (!other || other->package != name->package || other->kind != name->kind) continue;
        all.push_back(file);
        if (series_of(other->version) == series_of(name->version)) same_series.push_back(file);
    }
    const std::vector<IndexedFile>& candidates = same_series.empty() ? all : same_series;
    const auto newest = std::ranges::max_element(candidates, is_older);
    return newest == candidates.end() ? std::nullopt : std::optional(*newest);
}

std::optional<IndexedFile> find_newest(const PinnedFile& pin, Environment& environment) {
    return with_context(
        std::format("looking for the newest '{}' in Debian's archive", pin.spec.debian_source), [&] {
            return choose_newest(pin.spec.debian_file, list_archive_files(pool_file(pin.spec), environment));
        });
}

Error make_vanished_pin_error(const PinnedFile& pin, Environment& environment) {
    Error error(std::format("cannot fetch source of '{}': no mirror has '{}' (any more)", pin.recipe,
                            pin.file_name()));
    if (pin.spec.kind != recipe::SourceSpec::Kind::debian)
        return std::move(error).hint(
            std::format("give another \"url\" of these bytes in recipes/{}/recipe.toml", pin.recipe));
    error.hint(std::format("run 'cairn sources update {}' to move the pin", pin.recipe));
    try {
        if (const auto newest = find_newest(pin, environment))
            error.detail("newest", std::format("{} (in {})", newest->file, newest->suite));
    } catch (const Error& why) {  // the search is a service on top; its failure must not hide the message
        error.detail("newest", "not known: " + why.message());
    }
    return error;
}

std::string move_pin_in_text(std::string text, const recipe::SourceSpec& spec, const IndexedFile& newest) {
    if (replace_in(text, "\"" + spec.debian_file + "\"", "\"" + newest.file + "\"") == 0)
        throw Error(std::format("cannot move the pin of '{}': its recipe does not name it in one string",
                                spec.debian_file));
    if (replace_in(text, spec.sha256->to_hex(), newest.sha256.to_hex()) == 0)
        throw Error(std::format("cannot move the pin of '{}': its hash does not stand in the recipe",
                                spec.debian_file));
    const auto before = find_pool_name(spec.debian_file);
    const auto after = find_pool_name(newest.file);
    if (before && after)
        replace_in(text, std::format("\nversion = \"{}\"\n", upstream_part(before->version)),
                   std::format("\nversion = \"{}\"\n", upstream_part(after->version)));
    return text;
}

void follow_vanished_pins(std::span<recipe::Recipe* const> recipes, Environment& environment) {
    if (!environment.follows_pins) return;
    const SourceCache cache(environment.cache);
    struct Missing {
        PinnedFile pin;
        std::vector<recipe::SourceSpec*> users;  // recipes may share a file
    };
    std::vector<Missing> missing;
    for (recipe::Recipe* recipe : recipes)
        for (recipe::SourceSpec& spec : recipe->sources) {
            if (!is_downloaded(spec) || cache.has(*spec.sha256)) continue;
            const auto same =
                std::ranges::find(missing, *spec.sha256, [](const Missing& one) { return one.pin.sha256(); });
            if (same != missing.end())
                same->users.push_back(&spec);
            else
                missing.push_back({{recipe->name, spec}, {&spec}});
        }
    if (missing.empty()) return;
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(environment.parallel_downloads, [&] {
        for (std::size_t i = next++; i < missing.size(); i = next++) follow_pin(missing[i].pin, environment);
    });
    for (const Missing& one : missing)
        for (recipe::SourceSpec* user : one.users)
            if (user->sha256 != one.pin.sha256())
                take_file(*user, one.pin.spec.debian_file, one.pin.sha256());
}

}  // namespace cairn::source
