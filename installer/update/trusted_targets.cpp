#include "installer/update/trusted_targets.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <format>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/tuf/file_check.h"

namespace cairn::update {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_file_bytes = std::uint64_t{16} << 20;

/// The whole of a file that others may change meanwhile; empty when there is none. Throws VerifyError when it
/// is something else than a file.
std::optional<std::string> find_received(const Dir& folder, std::string_view name, std::uint64_t limit) {
    if (!is_safe_relative_path(name))
        throw VerifyError(std::format("'{}' is no name of a file that was fetched", name));
    const auto status = folder.find_status(name);
    if (!status) return std::nullopt;
    if (!S_ISREG(status->st_mode)) throw VerifyError(std::format("'{}/{}' is no file", folder.name(), name));
    // Opening a pipe that took the file's place must not wait for its other end.
    const Fd fd = folder.open_file(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    const std::string path = std::format("{}/{}", folder.name(), name);
    const std::uint64_t size = file_size(fd.get(), path);
    if (size > limit) throw VerifyError(std::format("'{}' is larger than {} bytes", path, limit));
    std::string content(size, '\0');
    content.resize(
        read_up_to(fd.get(), std::span(reinterpret_cast<std::uint8_t*>(content.data()), size), path));
    return content;
}

/// "snapshot.json" of "7.snapshot.json".
std::string_view without_version(std::string_view name) {
    const std::size_t dot = name.find('.');
    const bool has_version =
        dot != std::string_view::npos && dot != 0 &&
        std::ranges::all_of(name.substr(0, dot), [](char c) { return c >= '0' && c <= '9'; });
    return has_version ? name.substr(dot + 1) : name;
}

std::uint64_t version_of_root(std::string_view text) {
    return tuf::TrustedMetadata(text, 0).root().version;
}

/// The image's root counts when it is newer than what is known, which a newer image brings about. What else
/// is known stays, as far as the keys that the new root names have signed it.
void begin_with_image_root(const TrustFolders& folders) {
    const std::string image = read_file(folders.image_root, tuf::ClientLimits().root);
    const auto known = find_file(folders.state / "root.json", tuf::ClientLimits().root);
    if (!known) return tuf::Client::init(image, folders.state);
    if (version_of_root(image) > version_of_root(*known)) replace_file(folders.state / "root.json", image);
}

tuf::ClientOptions make_options(const TrustFolders& folders, tuf::Time now) {
    begin_with_image_root(folders);
    return {.state = folders.state, .metadata_mirrors = {""}, .now = now};
}

}  // namespace

net::Outcome ReceivedFolder::get(const net::Request& request, const net::Sink& sink) {
    const std::string_view name = std::string_view(request.url).substr(request.url.find_first_not_of('/'));
    const Dir folder = Dir::open(folder_);
    auto content = find_received(folder, name, most_file_bytes);
    // Roots are fetched in a row, each by its own number: the newest one is none of those before it.
    if (!content && !name.ends_with(".root.json"))
        content = find_received(folder, without_version(name), most_file_bytes);
    if (!content) return net::Outcome::not_found;
    sink(std::span(reinterpret_cast<const std::uint8_t*>(content->data()), content->size()));
    return net::Outcome::complete;
}

TrustedTargets::TrustedTargets(TrustFolders folders, tuf::Time now)
    : folders_(std::move(folders)),
      received_(folders_.received),
      client_(make_options(folders_, now), received_) {
    with_context("verifying the repository's metadata", [&] { client_.refresh(); });
}

std::string TrustedTargets::read(const std::string& name, std::uint64_t limit) {
    return with_context(std::format("reading '{}'", name), [&] {
        const auto file = client_.find_target(name);
        if (!file) throw Error(std::format("the repository has no '{}'", name));
        const auto content = find_received(Dir::open(folders_.targets), name, limit);
        if (!content) throw NetworkError(std::format("'{}' was not fetched", name));
        tuf::check_bytes(*content, *file, std::format("'{}'", name));
        return *content;
    });
}

}  // namespace cairn::update
