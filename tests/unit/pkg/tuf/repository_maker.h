#pragma once

#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/key.h"
#include "pkg/tuf/envelope.h"
#include "pkg/tuf/names.h"

namespace cairn::tuf {

/// A repository for tests: change its values, `publish`, and it is signed and on disk. Nothing is checked: it
/// can lie in every way.
class RepositoryMaker {
  public:
    static constexpr Time now = 1'800'000'000;
    static constexpr Time day = 86'400;

    RepositoryMaker() {
        root.has_consistent_snapshots = true;
        for (const char* role : {"root", "timestamp", "snapshot", "targets"}) rotate(role);
        for (Head* head : std::initializer_list<Head*>{&root, &timestamp, &snapshot, &targets})
            head->expires = now + 30 * day;
    }

    Root root;
    Timestamp timestamp;
    Snapshot snapshot;
    Targets targets;
    std::map<std::string, Targets> delegated;
    std::map<std::string, std::vector<crypto::SecretKey*>> signers;  // by role
    bool has_hashes = true;                                          // of metadata, in snapshot and timestamp

    std::filesystem::path path() const { return directory_.path(); }
    std::string address() const { return "file://" + directory_.path().string(); }
    std::filesystem::path targets_path() const { return directory_.path() / "targets"; }

    crypto::SecretKey& new_key() {
        keys_.push_back(std::make_unique<crypto::SecretKey>(crypto::SecretKey::generate()));
        return *keys_.back();
    }

    /// A fresh key in place of the old ones of a top-level role.
    void rotate(const std::string& role) {
        crypto::SecretKey& key = new_key();
        const Key public_key = make_key(key.public_key());
        root.keys[id_of(public_key)] = public_key;
        root.roles[role] = {.key_ids = {id_of(public_key)}, .threshold = 1};
        signers[role] = {&key};
    }

    /// A role that `parent` delegates to, with a key of its own.
    Targets& delegate(Targets& parent, const std::string& name, std::vector<std::string> paths) {
        crypto::SecretKey& key = new_key();
        const Key public_key = make_key(key.public_key());
        if (!parent.delegations) parent.delegations.emplace();
        parent.delegations->keys[id_of(public_key)] = public_key;
        parent.delegations->roles.push_back(
            {.name = name, .keys = {.key_ids = {id_of(public_key)}}, .paths = std::move(paths)});
        signers[name] = {&key};
        delegated[name].expires = now + 30 * day;
        return delegated[name];
    }

    /// A target with this content, in the folder of targets and in the role.
    void add_target(Targets& role, const std::string& name, const std::string& content) const {
        const std::string hash = crypto::hash_sha256(content).to_hex();
        role.targets[name] = {.length = content.size(), .hashes = {{"sha256", hash}}};
        const std::size_t slash = name.rfind('/') + 1;  // npos + 1 is 0
        const std::filesystem::path file =
            targets_path() / (name.substr(0, slash) + hash + "." + name.substr(slash));
        make_directories(file.parent_path());
        write_file(file, content);
    }

    template <class Metadata>
    std::string sign(const Metadata& metadata, const std::string& role) const {
        std::vector<crypto::Signer*> with(signers.at(role).begin(), signers.at(role).end());
        return make_envelope(to_json(metadata), with);
    }

    void publish_root() const { write(metadata_file_name("root", root.version), sign(root, "root")); }

    /// All roles but root, listed by each other as they are.
    void publish() {
        publish_root();
        publish_targets("targets", targets);
        for (const auto& [name, role] : delegated) publish_targets(name, role);
        publish_snapshot();
    }
    void publish_targets(const std::string& name, const Targets& role) {
        const std::string text = sign(role, name);
        snapshot.files[name + ".json"] = describe(text, role.version);
        // Servers take the percent-encoding away.
        const auto version = version_of(role);
        write((version ? std::format("{}.", *version) : "") + name + ".json", text);
    }
    void publish_snapshot() {
        const std::string text = sign(snapshot, "snapshot");
        timestamp.snapshot = describe(text, snapshot.version);
        write(metadata_file_name("snapshot", version_of(snapshot)), text);
        publish_timestamp();
    }
    void publish_timestamp() const { write("timestamp.json", sign(timestamp, "timestamp")); }

    /// The next version of everything that changes with a target.
    void publish_next() {
        ++timestamp.version;
        ++snapshot.version;
        ++targets.version;
        publish();
    }

    void write(const std::string& file, const std::string& text) const { write_file(path() / file, text); }

  private:
    std::optional<std::uint64_t> version_of(const Head& head) const {
        return root.has_consistent_snapshots ? std::optional(head.version) : std::nullopt;
    }
    FileDescription describe(const std::string& text, std::uint64_t version) const {
        FileDescription file = {.version = version};
        if (has_hashes) {
            file.length = text.size();
            file.hashes["sha256"] = crypto::hash_sha256(text).to_hex();
        }
        return file;
    }

    TemporaryDirectory directory_;
    std::vector<std::unique_ptr<crypto::SecretKey>> keys_;
};

}  // namespace cairn::tuf
