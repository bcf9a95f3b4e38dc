#include "installer/settings/store.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <format>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;

constexpr int format_version = 1;
constexpr std::size_t largest = 1 << 20;

std::optional<std::uint64_t> find_version(std::string_view name) {
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
    if (error != std::errc{} || end != name.data() + name.size() || version == 0) return std::nullopt;
    return name == std::to_string(version) ? std::optional(version) : std::nullopt;
}

void sync_directory(const fs::path& path) {
    sync_fd(open_file(path, O_RDONLY | O_DIRECTORY).get(), path.string());
}

void write_synced(const fs::path& path, const Json& document) {
    const Fd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(file.get(), format_json(document), path.string());
    sync_fd(file.get(), path.string());
}

Json read_document(const fs::path& path) {
    Json document = parse_json(read_file(path, 2 * largest), path.string());
    if (!document.is_object() || document.value("format", Json()) != format_version)
        throw VerifyError(
            std::format("cannot use '{}': it is not of format {}", path.string(), format_version));
    return document;
}

Json to_json(const HistoryEntry& entry) {
    Json document = {{"format", format_version},
                     {"parent", entry.parent},
                     {"time", entry.change.time},
                     {"who", entry.change.who},
                     {"what", entry.change.what}};
    if (entry.returned_to) document["returned_to"] = *entry.returned_to;
    return document;
}

void make_private(const fs::path& path) {
    make_directories(path);
    fs::permissions(path, fs::perms::owner_all);  // secrets are in it
}

}  // namespace

Store::Store(fs::path directory, std::size_t versions_kept)
    : directory_(std::move(directory)), versions_kept_(versions_kept) {
    CHECK(versions_kept_ > 0);
    make_private(directory_);
    make_private(directory_ / "versions");
}

fs::path Store::version_path(std::uint64_t version) const {
    return directory_ / "versions" / std::to_string(version);
}

std::uint64_t Store::current() const {
    const fs::path link = directory_ / "current";
    std::error_code error;
    const fs::path target = fs::read_symlink(link, error);
    if (error == std::errc::no_such_file_or_directory) return 0;
    if (error) throw SystemError(std::format("cannot read link '{}'", link.string()), error.value());
    const auto version = find_version(target.filename().string());
    if (!version || target != fs::path("versions") / std::to_string(*version))
        throw VerifyError(std::format("cannot use link '{}': it leads to '{}', which is no version",
                                      link.string(), target.string()));
    return *version;
}

Json Store::read(std::uint64_t version) const {
    if (version == 0) return Json::object();
    const fs::path file = version_path(version) / "values.json";
    if (!fs::exists(version_path(version)))
        throw Error(std::format("cannot read version {} of the settings: it is not kept", version));
    Json document = read_document(file);
    if (!document.contains("values"))
        throw VerifyError(std::format("cannot use '{}': it holds no values", file.string()));
    return std::move(document["values"]);
}

HistoryEntry Store::read_entry(std::uint64_t version) const {
    const fs::path file = version_path(version) / "change.json";
    const Json document = read_document(file);
    try {
        HistoryEntry entry{.version = version, .parent = document.at("parent").get<std::uint64_t>()};
        if (document.contains("returned_to"))
            entry.returned_to = document["returned_to"].get<std::uint64_t>();
        entry.change = {document.at("time").get<std::int64_t>(), document.at("who").get<std::string>(),
                        document.at("what").get<std::string>()};
        return entry;
    } catch (const Json::exception& error) {
        throw VerifyError(std::format("cannot use '{}': {}", file.string(), error.what()));
    }
}

std::vector<std::uint64_t> Store::kept() const {
    std::vector<std::uint64_t> versions;
    const std::uint64_t holds = current();
    for (const std::string& name : Dir::open(directory_ / "versions").names(""))
        if (const auto version = find_version(name); version && *version <= holds)
            versions.push_back(*version);
    std::ranges::sort(versions);
    return versions;
}

std::vector<HistoryEntry> Store::history() const {
    std::vector<HistoryEntry> entries;
    for (const std::uint64_t version : kept()) entries.push_back(read_entry(version));
    return entries;
}

std::optional<std::uint64_t> Store::find_undo() const {
    const std::uint64_t holds = current();
    if (holds == 0) return std::nullopt;
    const std::vector<std::uint64_t> versions = kept();
    const auto is_kept = [&](std::uint64_t version) { return std::ranges::contains(versions, version); };
    HistoryEntry entry = read_entry(holds);
    // Those that returned somewhere stand for the version they returned to.
    while (entry.returned_to) {
        if (!is_kept(*entry.returned_to)) return std::nullopt;  // 0 is not kept: nothing comes before it
        entry = read_entry(*entry.returned_to);
    }
    if (entry.parent != 0 && !is_kept(entry.parent)) return std::nullopt;
    return entry.parent;
}

std::uint64_t Store::commit(const Values& values, const Change& change) {
    return add(values.document(), {.change = change});
}

std::uint64_t Store::return_to(std::uint64_t version, const Schema& schema, const Change& change) {
    const Values values = verify_values(read(version), schema);
    return add(values.document(), {.returned_to = version, .change = change});
}

std::uint64_t Store::add(const Json& values, HistoryEntry entry) {
    if (format_json(values).size() > largest)
        throw UsageError(std::format("cannot store the settings: they take more than {} bytes", largest));
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    entry.parent = current();
    if (read(entry.parent) == values && entry.parent != 0) return entry.parent;
    entry.version = entry.parent + 1;
    drop_leftovers(entry.parent);

    // Power may fail between any two lines. Until the link is renamed the old version holds, and nothing has
    // touched it; what is half made has a number above it and is dropped by the next change.
    const fs::path made = version_path(entry.version);
    make_private(made);
    write_synced(made / "values.json", {{"format", format_version}, {"values", values}});
    write_synced(made / "change.json", to_json(entry));
    sync_directory(made);
    sync_directory(directory_ / "versions");
    fs::create_symlink(fs::path("versions") / std::to_string(entry.version), directory_ / "current.new");
    fs::rename(directory_ / "current.new", directory_ / "current");  // the switch
    sync_directory(directory_);
    // From here on the new version holds, whatever happens. Only then may old ones go.
    drop_oldest();
    return entry.version;
}

void Store::drop_leftovers(std::uint64_t holds) const {
    fs::remove(directory_ / "current.new");
    for (const std::string& name : Dir::open(directory_ / "versions").names("")) {
        const auto version = find_version(name);
        if (!version || *version > holds) remove_tree(directory_ / "versions" / name);
    }
}

void Store::drop_oldest() const {
    const std::vector<std::uint64_t> versions = kept();
    for (std::size_t i = 0; i + versions_kept_ < versions.size(); ++i) {
        // Under another name first: a version that is half gone must not look like one.
        const fs::path going = directory_ / "versions" / std::format("{}.old", versions[i]);
        fs::rename(version_path(versions[i]), going);
        remove_tree(going);
    }
}

}  // namespace cairn::settings
