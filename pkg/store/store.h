#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

/// The build store: what builds have made, found by hash, shared safely by several runs at once.
///
///     <root>/outputs/<output hash>/stage/…     a staged tree; beside it `split/` (lists of files by package)
///     <root>/records/<build key>.json          which output a build key gave, from which inputs, how long it
///     took <root>/latest/<recipe>.<arch>            the build key of the last build, for `explain` and
///     estimates <root>/packages/<package key>/*.cpkg     packed outputs <root>/locks/<key> held while a key
///     is being built <root>/work/<random>/                    a build in progress; swept when its owner is
///     gone <root>/logs/<recipe>.<arch>.log          the last build's log <root>/sources, <root>/trees belong
///     to pkg/source
namespace cairn::store {

/// What is kept of a finished build.
struct BuildRecord {
    std::string recipe;
    std::string architecture;
    crypto::Hash key;
    crypto::Hash output;
    Json inputs;  // input name -> value, what the key is made of
    std::chrono::milliseconds duration{0};
    std::uint64_t size = 0;  // of the staged files, in bytes
};

/// A directory in progress: locked by its owner, removed when done or when the owner is gone.
class WorkDirectory {
  public:
    WorkDirectory(TemporaryDirectory directory, FileLock lock)
        : directory_(std::move(directory)), lock_(std::move(lock)) {}
    const std::filesystem::path& path() const { return directory_.path(); }
    /// Gives up ownership: the directory stays until a later run sweeps it.
    std::filesystem::path keep() { return directory_.release(); }

  private:
    TemporaryDirectory directory_;
    FileLock lock_;
};

class Store {
  public:
    /// Opens or makes the store below `root`. Throws SystemError when it cannot be written.
    static Store open(const std::filesystem::path& root);
    /// $CAIRN_CACHE, else $XDG_CACHE_HOME/cairn, else ~/.cache/cairn.
    static std::filesystem::path default_root();

    const std::filesystem::path& root() const { return root_; }

    std::optional<BuildRecord> find_record(const crypto::Hash& key) const;
    void write_record(const BuildRecord& record) const;
    /// The last build of a recipe, whatever its key.
    std::optional<BuildRecord> find_latest(const std::string& recipe, const std::string& architecture) const;
    /// Forgets that `key` was ever built: its output is damaged.
    void remove_record(const crypto::Hash& key) const;

    std::filesystem::path output_directory(const crypto::Hash& output) const;
    bool has_output(const crypto::Hash& output) const;
    /// Moves a finished directory (holding `stage/`) into its place. When the same output is there already,
    /// `directory` is removed instead: same hash, same bytes.
    void put_output(const std::filesystem::path& directory, const crypto::Hash& output) const;
    void remove_output(const crypto::Hash& output) const;

    std::filesystem::path package_directory(const crypto::Hash& package_key) const;
    std::filesystem::path log_path(const std::string& recipe, const std::string& architecture) const;

    /// Waits until nobody else builds this key.
    FileLock lock_key(const crypto::Hash& key) const;
    WorkDirectory make_work_directory(const std::string& name) const;
    /// Removes what runs that were killed left in `work`.
    void sweep_work() const;

  private:
    explicit Store(std::filesystem::path root) : root_(std::move(root)) {}
    std::filesystem::path root_;
};

}  // namespace cairn::store
