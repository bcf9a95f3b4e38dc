#pragma once

#include <filesystem>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "images/payload/boot_splice.h"
#include "installer/update/activate.h"
#include "installer/update/prepare.h"
#include "installer/update/verdict.h"
#include "pkg/net/file_transport.h"
#include "tests/support/made_up_boot_file.h"
#include "tests/support/made_up_root.h"
#include "tests/unit/installer/update/file_machine.h"
#include "tests/unit/pkg/tuf/repository_maker.h"

namespace cairn::update {

inline TemporaryDirectory make_fast_directory() {
    const std::filesystem::path memory = "/dev/shm";
    return TemporaryDirectory(std::filesystem::is_directory(memory) ? memory : std::filesystem::path());
}

/// A version of the image "base": its root, and the boot file that is put together from it.
struct MadeVersion {
    std::string version;
    std::string root;
    payload::Tree tree;
    std::string boot_file;
    FileMachine::RootFiles files;

    std::string root_hash() const { return tree.root_hash.to_hex(); }
};

inline MadeVersion make_version(const std::string& version, const std::string& root) {
    MadeVersion made = {.version = version, .root = root, .tree = testing::make_tree_of(root)};
    made.files = {{"usr/lib/cairn/boot/vmlinuz", {.offset = 8 * block_size, .size = 12345}},
                  {"usr/lib/cairn/boot/initfs.cpio.zst", {.offset = 20 * block_size, .size = 23456}}};
    const auto part = [&](const char* file) {
        const auto place = made.files.find(file)->second;
        return root.substr(place.offset, place.size);
    };
    made.boot_file = testing::make_pe({{".linux", part("usr/lib/cairn/boot/vmlinuz")},
                                       {".osrel", "IMAGE_ID=base\nIMAGE_VERSION=" + version + "\n"},
                                       {".cmdline", "quiet roothash=" + made.root_hash() + " gpt"},
                                       {".initrd", part("usr/lib/cairn/boot/initfs.cpio.zst")}});
    return made;
}

/// Files of a folder by their paths, as the repository's targets are to whoever fetches.
class FolderTransport final : public net::Transport {
  public:
    explicit FolderTransport(std::filesystem::path folder) : folder_(std::move(folder)) {}
    net::Outcome get(const net::Request& request, const net::Sink& sink) override {
        net::Request there = request;
        there.url = "file://" + (folder_ / request.url).string();
        return files_.get(there, sink);
    }

  private:
    std::filesystem::path folder_;
    net::FileTransport files_;
};

/// A machine that runs base 1.0 from slot a and has room for more in slot b, and a repository.
class UpdateWorld {
  public:
    static constexpr std::uint64_t slot_blocks = 200;
    static constexpr std::uint64_t verity_blocks = 8;

    UpdateWorld() : machine_(place(), layout::Slot::a) {
        images_ = &repository_.delegate(repository_.targets, "images", {"images/*/*/*", "images/*/*/*/*"});
        v1 = make_version("1.0", testing::make_root(150, 1));
        v2 = make_version("2.0", testing::make_root(60, 2) + v1.root.substr(40 * block_size));
        make_directories(machine_.boot_folder());
        make_directories(place() / "update");
        make_directories(place() / "server");
        write_file(machine_.boot_folder() / "base_1.0.efi", v1.boot_file);
        write_slot(layout::Slot::a, v1);
        write_slot(layout::Slot::b, std::nullopt);
        for (const MadeVersion* version : {&v1, &v2}) {
            machine_.know(version->tree.root_hash, version->files);
            offer(*version);
        }
        repository_.publish();
        write_file(place() / "root.json", read_file(repository_.path() / "1.root.json"));
        fetch();
    }

    const std::filesystem::path& place() const { return place_.path(); }

    /// Puts a version into the repository, as `change` has it lie about it.
    void offer(const MadeVersion& made, const std::function<void(Json& image)>& change = {}) {
        const auto payload = testing::make_payload_of(made.root, place() / "server");
        std::vector<payload::BootSource> sources;
        for (const auto& [name, range] : made.files)
            sources.push_back(
                {.file = name, .bytes = testing::bytes_of(made.root).subspan(range.offset, range.size)});
        const auto parts = payload::make_boot_parts(testing::bytes_of(made.boot_file), sources);
        Json image = {{"format", 1},
                      {"name", "base"},
                      {"version", made.version},
                      {"architecture", "x86_64"},
                      {"date", "2026-11-20T00:00:00Z"},
                      {"development_keys", true},
                      {"settings_format", 1},
                      {"root_hash", made.root_hash()},
                      {"root_size", made.root.size()},
                      {"payload", payload::to_json(payload)},
                      {"boot_file",
                       {{"name", std::format("base_{}.efi", made.version)},
                        {"size", made.boot_file.size()},
                        {"sha256", crypto::hash_sha256(made.boot_file).to_hex()}}},
                      {"packages", Json::array()}};
        if (change) change(image);
        const std::string folder = std::format("images/base/x86_64/{}/", made.version);
        add_target(folder + "image.json", image.dump());
        add_target(folder + "boot.json", payload::to_json(parts).dump());
        updates_["versions"][made.version] = {{"date", "2026-11-20T00:00:00Z"},
                                              {"root_hash", made.root_hash()}};
        add_target("images/base/x86_64/updates.json", updates_.dump());
    }
    /// updates.json with one member more.
    void set_in_updates(const char* key, const Json& value) {
        updates_[key] = value;
        add_target("images/base/x86_64/updates.json", updates_.dump());
    }
    void publish_next() {
        ++images_->version;
        repository_.publish_next();
    }
    /// What fetches for the device does so.
    void fetch() {
        const auto received = place() / "tuf";
        if (!std::filesystem::exists(received)) tuf::Client::init(read_file(place() / "root.json"), received);
        net::FileTransport files;
        tuf::Client client(
            {.state = received, .metadata_mirrors = {repository_.address()}, .now = repository_.now}, files);
        client.refresh();
        for (const std::string& name : target_names_)
            client.download(name, {repository_.address() + "/targets"}, place() / "targets");
    }

    void write_slot(layout::Slot slot, const std::optional<MadeVersion>& made) {
        std::string root = made ? made->root : std::string();
        std::string verity = made ? testing::make_verity(made->tree) : std::string();
        root.resize(slot_blocks * block_size, '\x5a');
        verity.resize(verity_blocks * block_size, '\x5a');
        write_file(machine_.file_of(slot, "root"), root);
        write_file(machine_.file_of(slot, "verity"), verity);
    }

    Device device() {
        return {.machine = machine_,
                .running = {.image = {.name = "base", .version = "1.0"},
                            .root_hash = v1.tree.root_hash,
                            .slot = layout::Slot::a,
                            .disk = "/dev/fake",
                            .build_time = repository_.now - repository_.day},
                .trust = {.image_root = place() / "root.json",
                          .received = place() / "tuf",
                          .targets = place() / "targets",
                          .state = place() / "update/trusted"},
                .record = place() / "boots",
                .deny_list = place() / "update/denied.json",
                .boot = "boot-1",
                .clock = [] { return tuf::RepositoryMaker::now; }};
    }
    FillResult prepare(const std::string& version = "2.0") {
        FolderTransport transport(place() / "server");
        return prepare_update(device(), version, transport);
    }
    std::vector<std::string> boot_files() const { return Dir::open(machine_.boot_folder()).names(""); }
    std::string boot_file(const std::string& name) const { return read_file(machine_.boot_folder() / name); }
    slots::UpdateState state() {
        const Device device = this->device();
        const auto esp = machine_.open_esp(Access::read_only);
        return look_at_device(device, esp->boot_files()).state;
    }
    bool holds(layout::Slot slot, const MadeVersion& made) {
        const std::string verity = testing::make_verity(made.tree);
        return read_file(machine_.file_of(slot, "root")).starts_with(made.root) &&
               read_file(machine_.file_of(slot, "verity")).starts_with(verity);
    }

    MadeVersion v1;
    MadeVersion v2;
    tuf::RepositoryMaker repository_;

  private:
    void add_target(const std::string& name, const std::string& content) {
        repository_.add_target(*images_, name, content);
        if (!std::ranges::contains(target_names_, name)) target_names_.push_back(name);
    }

    TemporaryDirectory place_ = make_fast_directory();

  public:
    FileMachine machine_;

  private:
    tuf::Targets* images_ = nullptr;
    Json updates_ = {
        {"format", 1}, {"name", "base"}, {"architecture", "x86_64"}, {"versions", Json::object()}};
    std::vector<std::string> target_names_;
};

}  // namespace cairn::update
