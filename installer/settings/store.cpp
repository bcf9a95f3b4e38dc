#include "installer/settings/store.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <format>
#include <span>

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

Json parse_document(std::string_view text, const fs::path& path) {
    Json document = parse_json(text, path.string());
    if (!document.is_object() || document.value("format", Json()) != format_version)
        throw VerifyError(
            std::format("cannot use '{}': it is not of format {}", path.string(), format_version));
    return document;
}

Json read_document(const fs::path& path) {
    return parse_document(read_file(path, 2 * largest), path);
}

Migrated to_content(Json document, const fs::path& path) {
    if (!document.contains("values"))
        throw VerifyError(std::format("cannot use '{}': it holds no values", path.string()));
    return {std::move(document["values"]), document.value("kept", Json::object())};
}

Json to_json(const Migrated& content) {
    Json document = {{"format", format_version}, {"values", content.values}};
    if (!content.kept.empty()) document["kept"] = content.kept;
    return document;
}

Json to_json(const HistoryEntry& entry) {
    Json document = {{"format", format_version},
                     {"parent", entry.parent},
                     {"time", entry.change.time},
                     {"who", entry.change.who},
                     {"what", entry.change.what}};
    if (entry.returned_to) document["returned_to"] = *entry.returned_to;
    if (entry.migrated_from) document["migrated_from"] = *entry.migrated_from;
    return document;
}

void make_private(const fs::path& path) {
    make_directories(path);
    fs::permissions(path, fs::perms::owner_all);  // secrets are in it
}

/// The version that `current` leads to.
std::uint64_t parse_current(const fs::path& target, const fs::path& link) {
    const auto version = find_version(target.filename().string());
    if (!version || target != fs::path("versions") / std::to_string(*version))
        throw VerifyError(std::format("cannot use link '{}': it leads to '{}', which is no version",
                                      link.string(), target.string()));
    return *version;
}

/// A plain file's text. Does not wait for the other end of what only looks like one.
std::string read_plain_file(const Dir& tree, const std::string& path) {
    const std::string name = (fs::path(tree.name()) / path).string();
    const Fd file = tree.open_file(path, O_RDONLY | O_NONBLOCK);
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) throw SystemError(std::format("cannot look at '{}'", name));
    if (!S_ISREG(status.st_mode))
        throw VerifyError(std::format("cannot use '{}': it is no plain file", name));
    std::string text(2 * largest + 1, '\0');
    text.resize(
        read_up_to(file.get(), std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()), name));
    if (text.size() > 2 * largest) throw VerifyError(std::format("cannot use '{}': it is too large", name));
    return text;
}

}  // namespace

Migrated read_stored(const fs::path& directory) {
    const fs::path above = directory.parent_path();
    const std::string name = directory.filename().string();
    if (!fs::exists(above) || !Dir::open(above).find_status(name)) return {};
    const Dir tree = Dir::open(above).open_directory(name);
    if (!tree.find_status("current")) return {};
    const std::uint64_t version = parse_current(tree.read_link("current"), directory / "current");
    const std::string file = std::format("versions/{}/values.json", version);
    return to_content(parse_document(read_plain_file(tree, file), directory / file), directory / file);
}

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
    return parse_current(target, link);
}

Migrated Store::read_with_kept(std::uint64_t version) const {
    if (version == 0) return {};
    const fs::path file = version_path(version) / "values.json";
    if (!fs::exists(version_path(version)))
        throw Error(std::format("cannot read version {} of the settings: it is not kept", version));
    return to_content(read_document(file), file);
}

HistoryEntry Store::read_entry(std::uint64_t version) const {
    const fs::path file = version_path(version) / "change.json";
    const Json document = read_document(file);
    try {
        HistoryEntry entry{.version = version, .parent = document.at("parent").get<std::uint64_t>()};
        if (document.contains("returned_to"))
            entry.returned_to = document["returned_to"].get<std::uint64_t>();
        if (document.contains("migrated_from"))
            entry.migrated_from = document["migrated_from"].get<std::int64_t>();
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
    if (entry.migrated_from || (entry.parent != 0 && !is_kept(entry.parent))) return std::nullopt;
    return entry.parent;
}

std::uint64_t Store::commit(const Values& values, const Change& change) {
    return add({values.document(), read_with_kept(current()).kept}, {.change = change});
}

std::uint64_t Store::commit_migrated(const Migrated& migrated, std::int64_t from_format,
                                     const Change& change) {
    return add(migrated, {.migrated_from = from_format, .change = change});
}

std::uint64_t Store::return_to(std::uint64_t version, const Schema& schema, const Change& change) {
    const Migrated content = read_with_kept(version);
    verify_values(content.values, schema);
    return add(content, {.returned_to = version, .change = change});
}

std::uint64_t Store::add(const Migrated& content, HistoryEntry entry) {
    const Json document = to_json(content);
    if (format_json(document).size() > largest)
        throw UsageError(std::format("cannot store the settings: they take more than {} bytes", largest));
    const FileLock lock(directory_ / "lock", FileLock::Mode::exclusive);
    entry.parent = current();
    if (entry.parent != 0 && read_with_kept(entry.parent) == content) return entry.parent;
    entry.version = entry.parent + 1;
    drop_leftovers(entry.parent);

    // Power may fail between any two lines. Until the link is renamed the old version holds, and nothing has
    // touched it; what is half made has a number above it and is dropped by the next change.
    const fs::path made = version_path(entry.version);
    make_private(made);
    write_synced(made / "values.json", document);
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
