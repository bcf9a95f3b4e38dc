#include "pkg/store/store.h"

#include <cerrno>
#include <cstdio>
#include <format>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn::store {
namespace {

namespace fs = std::filesystem;

std::string latest_name(const std::string& recipe, const std::string& architecture) {
    return std::format("{}.{}", recipe, architecture);
}

BuildRecord parse_record(const Json& json) {
    return {.recipe = json.at("recipe"),
            .architecture = json.at("architecture"),
            .key = crypto::parse_hash(json.at("key").get<std::string>()),
            .output = crypto::parse_hash(json.at("output").get<std::string>()),
            .inputs = json.at("inputs"),
            .duration = std::chrono::milliseconds(json.at("milliseconds").get<std::int64_t>()),
            .size = json.at("size")};
}

Json to_json(const BuildRecord& record) {
    return {{"recipe", record.recipe},    {"architecture", record.architecture},
            {"key", record.key.to_hex()}, {"output", record.output.to_hex()},
            {"inputs", record.inputs},    {"milliseconds", record.duration.count()},
            {"size", record.size}};
}

/// The cache can be made again, so its files are not synced: after a power cut a file may be empty or torn.
/// Such a record counts as absent.
std::optional<BuildRecord> find_record_file(const fs::path& path) {
    const auto text = find_file(path, 1 << 24);
    if (!text) return std::nullopt;
    const Json json = Json::parse(*text, nullptr, false);
    if (json.is_discarded()) return std::nullopt;
    try {
        return parse_record(json);
    } catch (const Json::exception&) {
        return std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

void write_cache_file(const fs::path& path, std::string_view content) {
    AtomicFile file(path);
    file.write(content);
    file.commit(AtomicFile::Durability::unsynced);
}

}  // namespace

fs::path Store::default_root() {
    if (const auto cache = find_environment("CAIRN_CACHE")) return *cache;
    if (const auto xdg = find_environment("XDG_CACHE_HOME")) return fs::path(*xdg) / "cairn";
    const auto home = find_environment("HOME");
    if (!home) throw UsageError("there is no place for the cache").hint("set CAIRN_CACHE to a directory");
    return fs::path(*home) / ".cache" / "cairn";
}

Store Store::open(const fs::path& root) {
    for (const char* name : {"outputs", "records", "latest", "packages", "locks", "work", "logs"})
        make_directories(root / name);
    return Store(fs::absolute(root));
}

std::optional<BuildRecord> Store::find_record(const crypto::Hash& key) const {
    auto record = find_record_file(root_ / "records" / (key.to_hex() + ".json"));
    if (record && record->key != key) return std::nullopt;
    return record;
}

void Store::write_record(const BuildRecord& record) const {
    write_cache_file(root_ / "records" / (record.key.to_hex() + ".json"), to_json(record).dump(1));
    write_cache_file(root_ / "latest" / latest_name(record.recipe, record.architecture), record.key.to_hex());
}

std::optional<BuildRecord> Store::find_latest(const std::string& recipe,
                                              const std::string& architecture) const {
    const auto text = find_file(root_ / "latest" / latest_name(recipe, architecture));
    const auto key = text ? crypto::find_hash(*text) : std::nullopt;
    return key ? find_record(*key) : std::nullopt;
}

void Store::remove_record(const crypto::Hash& key) const {
    std::error_code code;
    fs::remove(root_ / "records" / (key.to_hex() + ".json"), code);
}

fs::path Store::output_directory(const crypto::Hash& output) const {
    return root_ / "outputs" / output.to_hex();
}

bool Store::has_output(const crypto::Hash& output) const {
    return fs::exists(output_directory(output) / "stage");
}

void Store::put_output(const fs::path& directory, const crypto::Hash& output) const {
    const fs::path place = output_directory(output);
    if (::rename(directory.c_str(), place.c_str()) == 0) return;
    if (errno != ENOTEMPTY && errno != EEXIST)
        throw SystemError(std::format("cannot move into place '{}'", place.string()));
    remove_tree(directory);
}

void Store::remove_output(const crypto::Hash& output) const {
    remove_tree(output_directory(output));
}

fs::path Store::package_directory(const crypto::Hash& package_key) const {
    return root_ / "packages" / package_key.to_hex();
}

fs::path Store::log_path(const std::string& recipe, const std::string& architecture) const {
    return root_ / "logs" / (latest_name(recipe, architecture) + ".log");
}

FileLock Store::lock_key(const crypto::Hash& key) const {
    return FileLock(root_ / "locks" / key.to_hex(), FileLock::Mode::exclusive);
}

WorkDirectory Store::make_work_directory(const std::string& name) const {
    // The sweep takes the lock of the whole directory first, so that it never sees a work directory without
    // its lock.
    const FileLock guard(root_ / "locks" / "work", FileLock::Mode::shared);
    TemporaryDirectory directory(root_ / "work", name);
    FileLock lock(directory.path() / ".lock", FileLock::Mode::exclusive);
    return {std::move(directory), std::move(lock)};
}

void Store::sweep_work() const {
    const auto guard = FileLock::find(root_ / "locks" / "work", FileLock::Mode::exclusive);
    if (!guard) return;
    for (const fs::directory_entry& entry : fs::directory_iterator(root_ / "work")) {
        const fs::path lock = entry.path() / ".lock";
        if (!fs::exists(lock) || FileLock::find(lock, FileLock::Mode::exclusive)) remove_tree(entry.path());
    }
}

}  // namespace cairn::store
