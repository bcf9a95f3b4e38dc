#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <format>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/crypto/key_file.h"
#include "pkg/net/file_transport.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/client.h"
#include "tests/support/package_builder.h"

namespace cairn::repo {

namespace fs = std::filesystem;
using cairn::testing::PackageBuilder;
using ::testing::HasSubstr;

inline constexpr tuf::Time now = 1'800'000'000;
inline constexpr tuf::Time day = 86'400;

/// A repository and a client that trusts its first root.
class RepositoryTest : public ::testing::Test {
  protected:
    // In memory: every file of a repository is synced, and there are hundreds.
    TemporaryDirectory place_{fs::is_directory("/dev/shm") ? "/dev/shm" : ""};
    fs::path directory_ = place_.path() / "repository";
    fs::path state_ = place_.path() / "state";
    crypto::KeyDirectory keys_ = crypto::KeyDirectory::open(fs::path(CAIRN_SOURCE_DIR) / "tests/data/keys");
    package::AllowedKeys signers_{{cairn::testing::fixed_key().public_key()}};
    unsigned made_ = 0;

    void SetUp() override {
        Repository::init(directory_, keys_, now);
        tuf::Client::init(read_file(directory_ / "metadata/1.root.json"), state_);
    }

    /// Somebody's keys: new ones for all roles of a repository. (A whole directory takes a second to make.)
    crypto::KeyDirectory make_keys(const std::string& name) const {
        using crypto::Role;
        const fs::path place = place_.path() / "people" / name;
        make_directories(place);
        fs::copy_file(keys_.path() / "keys.json", place / "keys.json");
        for (const Role role : {Role::root, Role::targets, Role::snapshot, Role::timestamp, Role::images}) {
            const std::string file(crypto::info_of(role).name);
            const crypto::SecretKey key = crypto::SecretKey::generate();
            crypto::write_key_file(place / (file + ".key"), {.role = role, .plain = key.seed()});
            crypto::write_public_key_file(place / (file + ".pub"), role, key.public_key());
        }
        return crypto::KeyDirectory::open(place);
    }
    fs::path make_package(const std::string& name, const std::string& content = "content",
                          const std::string& version = "1.0") {
        const fs::path file = place_.path() / std::format("{}-{}-{}.cpkg", name, version, made_++);
        PackageBuilder builder(name, version);
        fs::copy_file(builder.file("usr/share/" + name, content).open().path(), file);
        return file;
    }
    PublishPlan publish(const std::vector<fs::path>& packages, tuf::Time time = now) {
        Repository repository = Repository::open(directory_);
        const PublishPlan plan = plan_publish(repository, {.packages = packages}, signers_);
        repo::publish(repository, plan, sign_with(keys_), time);
        return plan;
    }
    /// What a client sees that comes at `time`: versions of timestamp and snapshot. Throws what it refuses.
    std::uint64_t refresh(const fs::path& directory, tuf::Time time = now) const {
        net::FileTransport transport;
        tuf::Client client({.state = state_,
                            .metadata_mirrors = {"file://" + (directory / "metadata").string()},
                            .now = time},
                           transport);
        client.refresh();
        return client.trusted().timestamp()->version;
    }
    std::string download(const std::string& target, tuf::Time time = now) const {
        net::FileTransport transport;
        tuf::Client client({.state = state_,
                            .metadata_mirrors = {"file://" + (directory_ / "metadata").string()},
                            .now = time},
                           transport);
        client.refresh();
        return read_file(client.download(target, {"file://" + (directory_ / "targets").string()},
                                         place_.path() / "output"));
    }
    std::string refusal_of(const std::function<void()>& action) const {
        try {
            action();
        } catch (const Error& error) {
            return error.report();
        }
        return {};
    }
    std::vector<std::string> list_files(const fs::path& directory) const {
        std::vector<std::string> files;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory))
            if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(directory));
        std::ranges::sort(files);
        return files;
    }
};

/// Files that appear below some folders by a rename, in their order.
class WriteOrder {
  public:
    WriteOrder(const fs::path& root, const std::vector<std::string>& folders)
        : fd_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        for (const std::string& folder : folders)
            folders_[inotify_add_watch(fd_.get(), (root / folder).c_str(), IN_MOVED_TO)] = folder;
    }
    std::vector<std::string> read() const {
        std::vector<std::string> files;
        alignas(inotify_event) std::array<char, 64 * 1024> buffer;
        const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
        for (ssize_t at = 0; at < size;) {
            const auto* const event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            files.push_back(folders_.at(event->wd) + "/" + event->name);
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
        return files;
    }

  private:
    Fd fd_;
    std::map<int, std::string> folders_;
};

}  // namespace cairn::repo
