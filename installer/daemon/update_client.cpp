#include "installer/daemon/update_client.h"

#include <algorithm>
#include <format>
#include <map>
#include <typeinfo>
#include <utility>

#include "images/layout/boot_file_name.h"
#include "images/layout/paths.h"
#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/tuf/client.h"
#include "pkg/tuf/fetch.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view state_folder = "var/lib/cairn/tuf";
constexpr std::string_view targets_folder = "var/lib/cairn/update/targets";
constexpr std::uint64_t largest_list = std::uint64_t{4} << 20;

/// Versions by package.
std::map<std::string, std::string> read_packages(const Json& document, std::string_view version_name) {
    std::map<std::string, std::string> packages;
    const auto list = document.find("packages");
    if (list == document.end() || !list->is_array()) return packages;
    for (const Json& package : *list)
        if (package.is_object() && text_of(package, "SPDXID") != "SPDXRef-Image" &&
            !text_of(package, "name").empty())
            packages[text_of(package, "name")] = text_of(package, version_name);
    return packages;
}

std::uint64_t size_of(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

[[noreturn]] void throw_as_unverified(const Error& error) {
    VerifyError unverified(error.message());
    for (const auto& [name, value] : error.details()) unverified.detail(name, value);
    for (const std::string& line : error.context()) unverified.add_context(line);
    throw unverified;
}

/// One refresh, with what it downloads. Holds the lock on the metadata.
class Session {
  public:
    Session(const UpdateClientOptions& options, const std::string& repository, std::int64_t now,
            net::Transport& transport)
        : targets_(tuf::join_address(repository, "targets")),
          output_(options.root / targets_folder),
          client_({.state = options.root / state_folder,
                   .metadata_mirrors = {tuf::join_address(repository, "metadata")},
                   .limits = {.metadata_time = options.metadata_time},
                   .now = now},
                  transport) {
        with_context(std::format("refreshing from '{}'", repository), [&] { refresh(); });
    }

    /// False when there is no such target.
    bool download(const std::string& name) {
        if (!client_.find_target(name)) return false;
        with_context(std::format("fetching '{}'", name),
                     [&] { client_.download(name, {targets_}, output_); });
        return true;
    }
    Json download_json(const std::string& name) {
        if (!download(name))
            throw api::NotFound(std::format("the repository has no '{}'", name))
                .hint("is this image published there, for this architecture?");
        return parse_json(read_file(output_ / name, largest_list), name);
    }

  private:
    void refresh() {
        try {
            client_.refresh();
        } catch (const Error& error) {
            // What is no metadata at all does not verify either.
            if (typeid(error) == typeid(Error)) throw_as_unverified(error);
            throw;
        }
    }

    std::string targets_;
    fs::path output_;
    tuf::Client client_;
};

/// The image's own root is where trust begins; what was learned since is kept.
void begin_trust(const fs::path& root) {
    const fs::path state = root / state_folder;
    if (fs::exists(state / "root.json")) return;
    const auto trusted = find_file(root / layout::paths::trusted_root, tuf::ClientLimits().root);
    if (!trusted)
        throw api::Conflict("this image trusts no repository: it was built without a root")
            .detail("file", "/" + std::string(layout::paths::trusted_root));
    tuf::Client::init(*trusted, state);
}

}  // namespace

std::vector<PackageChange> find_package_changes(const Json& running_sbom, const Json& image) {
    const auto running = read_packages(running_sbom, "versionInfo");
    const auto wanted = read_packages(image, "version");
    std::vector<PackageChange> changes;
    for (const auto& [name, version] : running)
        if (!wanted.contains(name)) changes.push_back({name, version, std::nullopt});
    for (const auto& [name, version] : wanted) {
        const auto old = running.find(name);
        if (old == running.end())
            changes.push_back({name, std::nullopt, version});
        else if (old->second != version)
            changes.push_back({name, old->second, version});
    }
    std::ranges::sort(changes, {}, &PackageChange::package);
    return changes;
}

std::optional<std::uint64_t> find_download_bytes(const Json& image) {
    const auto payload = image.find("payload");
    if (payload == image.end() || !payload->is_object()) return std::nullopt;
    return size_of(*payload, "tree_size") + size_of(*payload, "frames_size") +
           size_of(*payload, "frames_index_size");
}

UpdateClient::UpdateClient(UpdateClientOptions options, net::Transport& transport)
    : options_(std::move(options)), transport_(transport) {}

UpdateClient::Found UpdateClient::refresh(const std::string& repository, const ImageIdentity& image,
                                          std::int64_t now, const Choose& choose) {
    begin_trust(options_.root);
    make_directories(options_.root / targets_folder);
    Session session(options_, repository, now, transport_);
    const std::string place = std::format("images/{}/{}", image.name, image.architecture);
    Found found = {.updates = session.download_json(place + "/updates.json"), .chosen = {}};
    const std::optional<std::string> version = choose(found.updates);
    if (!version) return found;
    if (!layout::is_image_version(*version))
        throw VerifyError(std::format("'{}' in updates.json is no version", *version));
    found.chosen = session.download_json(std::format("{}/{}/image.json", place, *version));
    session.download(std::format("{}/{}/boot.json", place, *version));
    return found;
}

net::Outcome CheckedTransport::get(const net::Request& request, const net::Sink& sink) {
    net::Request checked = request;
    checked.progress = [&](std::uint64_t done, std::optional<std::uint64_t> size) {
        check_();
        if (request.progress) request.progress(done, size);
    };
    check_();
    return transport_.get(checked, sink);
}

TargetsTransport::TargetsTransport(net::Transport& transport, const std::string& repository)
    : transport_(transport), targets_(tuf::join_address(repository, "targets")) {}

net::Outcome TargetsTransport::get(const net::Request& request, const net::Sink& sink) {
    net::Request whole = request;
    whole.url = tuf::join_address(targets_, request.url);
    return transport_.get(whole, sink);
}

}  // namespace cairn::daemon
