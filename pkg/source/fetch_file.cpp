#include "pkg/source/fetch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <format>
#include <set>
#include <utility>

#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/source/moved_pin.h"
#include "pkg/source/source_cache.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

bool is_address(const std::string& place) {
    return place.starts_with("http://") || place.starts_with("https://");
}

std::string context_of(const PinnedFile& pin) {
    return std::format("fetching source '{}' of recipe '{}'", pin.spec.name, pin.recipe);
}

/// One file, asked for in one place after the other until its bytes are in the cache.
class FileSearch {
  public:
    FileSearch(const PinnedFile& pin, Environment& environment)
        : pin_(pin), environment_(environment), cache_(environment.cache) {}

    std::optional<fs::path> run() {
        const bool was_there = cache_.has(pin_.sha256());
        if (auto path = cache_.find_intact(pin_.sha256())) return path;
        if (was_there)
            environment_.note(
                std::format("'{}' is damaged in the cache: fetching it again", pin_.file_name()));
        const FileLock lock = cache_.lock("source-" + pin_.sha256().to_hex());
        if (cache_.has(pin_.sha256())) return cache_.path_of(pin_.sha256());  // another run was quicker
        if (!search()) return conclude();
        return cache_.path_of(pin_.sha256());
    }

  private:
    bool search() {
        if (environment_.mirror && try_mirror(*environment_.mirror)) return true;
        if (environment_.is_offline)
            throw Error(
                std::format(
                    "cannot fetch source of '{}': it is not in the cache, and the network must not be "
                    "used",
                    pin_.recipe))
                .detail("file", pin_.file_name())
                .hint(
                    "run 'cairn sources fetch' once with a network, or set CAIRN_SOURCE_MIRROR to a "
                    "directory "
                    "made by 'cairn sources export'");
        if (pin_.spec.kind == recipe::SourceSpec::Kind::debian)
            for (const std::string& url : environment_.archive.addresses(
                     {pin_.spec.debian_source, pin_.spec.debian_file, pin_.spec.debian_component}))
                if (try_address(environment_.archive.request(url))) return true;
        for (const std::string& url : pin_.spec.urls)
            if (try_address({.url = url})) return true;
        return false;
    }

    bool try_mirror(const std::string& mirror) {
        const std::string name = pin_.sha256().to_hex();
        if (is_address(mirror))
            return try_address({.url = mirror + (mirror.ends_with('/') ? "" : "/") + name});
        std::error_code code;
        fs::copy_file(fs::path(mirror) / name, cache_.partial_path_of(pin_.sha256()),
                      fs::copy_options::overwrite_existing, code);
        if (code == std::errc::no_such_file_or_directory) return false;
        if (code) throw SystemError(std::format("cannot copy '{}/{}'", mirror, name), code.value());
        return is_adopted();
    }

    bool try_address(const net::Request& request) {
        const fs::path partial = cache_.partial_path_of(pin_.sha256());
        const bool is_resumed = fs::exists(partial) && fs::file_size(partial) > 0;
        try {
            if (download(request, partial) == net::Outcome::not_found) return false;
        } catch (const NetworkError& error) {  // the next place may do better
            environment_.tell({.file = pin_.file_name(), .state = DownloadProgress::State::failed});
            unreachable_.push_back(error.message());
            return false;
        }
        if (!is_resumed || cache_.adopt_partial(pin_.sha256()) == SourceCache::Adoption::adopted)
            return fs::exists(cache_.path_of(pin_.sha256())) || is_adopted();
        // What an earlier run left may have been of other bytes: once more, from the start.
        fs::remove(partial);
        return try_address(request);
    }

    net::Outcome download(net::Request request, const fs::path& partial) {
        const Fd file = open_file(partial, O_WRONLY | O_CREAT | O_APPEND);
        request.offset = file_size(file.get(), partial.string());
        DownloadProgress progress{.file = pin_.file_name(), .state = DownloadProgress::State::started};
        environment_.tell(progress);
        progress.state = DownloadProgress::State::running;
        request.progress = [&](std::uint64_t done, std::optional<std::uint64_t> size) {
            environment_.require_going_on();
            progress.done = done;
            progress.size = size;
            environment_.tell(progress);
        };
        const net::Outcome outcome = environment_.transport.get(
            request,
            [&](std::span<const std::uint8_t> bytes) { write_all(file.get(), bytes, partial.string()); });
        progress.state = outcome == net::Outcome::not_found ? DownloadProgress::State::failed
                                                            : DownloadProgress::State::finished;
        environment_.tell(progress);
        if (outcome == net::Outcome::not_found && request.offset == 0) fs::remove(partial);
        return outcome;
    }

    bool is_adopted() {
        if (cache_.adopt_partial(pin_.sha256()) == SourceCache::Adoption::adopted) return true;
        const fs::path rejected = cache_.reject_partial(pin_.sha256(), pin_.file_name());
        if (!rejected_) rejected_ = std::pair(rejected, crypto::hash_file_sha256(rejected));
        return false;
    }

    std::optional<fs::path> conclude() const {
        if (rejected_)
            throw VerifyError(std::format("cannot use source of '{}': hash does not match", pin_.recipe))
                .detail("file", rejected_->first.string())
                .detail("expected", "sha256:" + pin_.sha256().to_hex())
                .detail("found", "sha256:" + rejected_->second.to_hex())
                .hint(std::format("if the new source is right, change \"sha256\" in recipes/{}/recipe.toml",
                                  pin_.recipe));
        if (unreachable_.empty()) return std::nullopt;
        NetworkError error(std::format("cannot fetch source of '{}': no place could give '{}'", pin_.recipe,
                                       pin_.file_name()));
        for (const std::string& reason : unreachable_) error.detail("tried", reason);
        throw std::move(error).hint(
            "without a network, set CAIRN_SOURCE_MIRROR to a directory made by "
            "'cairn sources export' on another machine");
    }

    const PinnedFile& pin_;
    Environment& environment_;
    SourceCache cache_;
    std::vector<std::string> unreachable_;
    std::optional<std::pair<fs::path, crypto::Hash>> rejected_;
};

}  // namespace

std::string PinnedFile::file_name() const {
    if (!spec.debian_file.empty()) return spec.debian_file;
    const std::string url = spec.urls.empty() ? spec.name : spec.urls.front();
    const std::string name = url.substr(url.rfind('/') + 1);
    return name.empty() ? spec.name : name.substr(0, name.find('?'));
}

bool is_downloaded(const recipe::SourceSpec& spec) {
    return spec.kind == recipe::SourceSpec::Kind::debian || spec.kind == recipe::SourceSpec::Kind::url;
}

std::optional<fs::path> find_file_anywhere(const PinnedFile& pin, Environment& environment) {
    return with_context(context_of(pin), [&] { return FileSearch(pin, environment).run(); });
}

fs::path fetch_file(const PinnedFile& pin, Environment& environment) {
    if (auto path = find_file_anywhere(pin, environment)) return *path;
    throw make_vanished_pin_error(pin, environment);
}

void fetch_files(std::span<const PinnedFile> pins, Environment& environment) {
    const SourceCache cache(environment.cache);
    std::vector<const PinnedFile*> missing;
    for (const PinnedFile& pin : pins)
        if (!cache.has(pin.sha256())) missing.push_back(&pin);
    if (missing.empty()) return;

    std::atomic<std::size_t> next = 0;
    std::atomic<bool> is_stopped = false;
    archive::run_on_threads(
        std::min<unsigned>(environment.parallel_downloads, static_cast<unsigned>(missing.size())), [&] {
            try {
                for (std::size_t i = next++; i < missing.size() && !is_stopped; i = next++)
                    fetch_file(*missing[i], environment);
            } catch (...) {  // the pool rethrows it; the other threads must not start another file
                is_stopped = true;
                throw;
            }
        });
}

std::vector<PinnedFile> list_pinned_files(std::span<const recipe::Recipe> recipes) {
    std::vector<PinnedFile> pins;
    std::set<crypto::Hash> seen;
    for (const recipe::Recipe& recipe : recipes)
        for (const recipe::SourceSpec& spec : recipe.sources)
            if (is_downloaded(spec) && seen.insert(*spec.sha256).second) pins.push_back({recipe.name, spec});
    return pins;
}

}  // namespace cairn::source
