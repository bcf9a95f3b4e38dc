#include <filesystem>
#include <print>

#include "installer/disks/gpt.h"
#include "installer/slots/boot_record.h"
#include "installer/slots/deny_list.h"
#include "pkg/archive/zstd.h"
#include "pkg/package/bytes.h"
#include "pkg/package/head_codec.h"
#include "tests/fuzz/tuf_role.h"
#include "tests/support/fake_disk.h"
#include "tests/support/package_builder.h"

/// Writes the inputs of corpus/ that our own writers make: fuzz_make_seeds CORPUS. To be run again when one
/// of these formats gets another version. The other inputs there are real files, or made by hand.
namespace cairn::fuzz {
namespace {

namespace fs = std::filesystem;

class Corpus {
  public:
    explicit Corpus(fs::path directory) : directory_(std::move(directory)) {}
    void add(const std::string& target, const std::string& name, std::string_view content) const {
        make_directories(directory_ / target);
        write_file(directory_ / target / name, content);
    }
    fs::path path(const std::string& target, const std::string& name) const {
        make_directories(directory_ / target);
        fs::remove(directory_ / target / name);
        return directory_ / target / name;
    }

  private:
    fs::path directory_;
};

std::string number(std::uint64_t value, unsigned width) {
    package::ByteWriter writer;
    writer.put_number(value, width);
    return std::string(text_of(writer.bytes()));
}

// Packages

testing::PackageBuilder& fill(testing::PackageBuilder& builder) {
    builder.identity.depends = {"a >= 1.2", "so:libc.so"};
    builder.identity.sources = {{.name = "main", .sha256 = crypto::hash_sha256("source")}};
    builder.file("usr/bin/hello", "#!/bin/sh\necho hello hello hello hello hello hello\n", 0755);
    builder.file("usr/share/a", std::string(300, 'a')).symlink("usr/share/b", "a");
    return builder.hard_link("usr/share/c", "usr/share/a");
}

archive::FileTree with_attributes(archive::FileTree tree) {
    archive::FileEntry& file = *tree.find("usr/bin/hello");
    file.uid = 5;
    file.mode = 0750;
    file.xattrs = {{"security.capability", std::string("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
    return tree;
}

void add_package(const Corpus& corpus, const std::string& name, const package::PackageReader& package) {
    const std::string head(text_of(package::encode_head(
        {.identity = package.identity(), .files = package.files(), .chunks = package.chunks()})));
    std::vector<std::uint8_t> data(package.preamble().data_size);
    package.read_stored(data, 0);
    corpus.add("package_head", name, head);
    corpus.add("package_extract", name, number(head.size(), 2) + head + std::string(text_of(data)));
}

/// A link out of the folder, and a file behind it: no table may say that.
void add_hostile_head(const Corpus& corpus) {
    package::Head head{.identity = testing::make_identity("hostile")};
    head.files.entries = {
        {.path = "out", .kind = archive::Kind::symlink, .mode = 0777, .target = ".."},
        {.path = "out/outside", .mode = 0644, .size = 1, .content = crypto::hash_blake2b(bytes_of("x"))}};
    head.chunks = {{.id = crypto::hash_blake2b(bytes_of("x")), .plain_size = 1, .stored_size = 1}};
    const std::pair<const char*, const char*> paths[] = {
        {"through-link", "out/outside"}, {"dotdot", "../outside"}, {"double-slash", "out//x"}};
    for (const auto& [name, path] : paths) {
        head.files.entries.back().path = path;
        const std::string bytes(text_of(package::encode_head(head)));
        corpus.add("package_head", name, bytes);
        corpus.add("package_extract", name, number(bytes.size(), 2) + bytes + "x");
    }
}

void add_packages(const Corpus& corpus) {
    testing::PackageBuilder hello("hello");
    add_package(corpus, "hello", hello.file("hello", "hello\n").open());
    testing::PackageBuilder full("full");
    add_package(corpus, "full", fill(full).open());
    add_package(corpus, "attributes", full.open(with_attributes(full.tree())));
    testing::PackageBuilder none("none");
    add_package(corpus, "none", none.directory("etc").open());
    add_hostile_head(corpus);
}

std::string chunk(std::string_view stored, std::size_t plain_size) {
    return number(plain_size, 4) + number(stored.size(), 2) + std::string(stored);
}

void add_chunks(const Corpus& corpus) {
    const std::string plain(2000, 'z');
    const std::string frame = archive::compress_zstd(plain);
    const std::string text = archive::compress_zstd("some text, and some text, and some more text", 19);
    corpus.add("package_chunks", "plain", chunk("plain", 5));
    corpus.add("package_chunks", "frame", chunk(frame, plain.size()));
    corpus.add("package_chunks", "several", chunk(text, 44) + chunk("plain", 5) + chunk(frame, plain.size()));
    corpus.add("package_chunks", "two-frames", chunk(frame + frame, 2 * plain.size()));
    corpus.add("package_chunks", "too-short", chunk(frame, plain.size() + 1));
    corpus.add("package_chunks", "too-long", chunk(frame, plain.size() - 1));
    corpus.add("package_chunks", "largest",
               chunk(archive::compress_zstd(std::string(256 << 10, 0)), 256 << 10));
    corpus.add("package_chunks", "empty", chunk("", 0));
}

// TUF metadata

constexpr const char* p256_key =
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKSexBRK64+3c/kZ4KBKLrSkDJpkZ\n"
    "9whgacjE32xzKDjHeHlk6qwA5ZIfsUmKYPRgZ2az2WhQAVWNGpdOc0FRPg==\n-----END PUBLIC KEY-----\n";

template <class Metadata>
void add_role(const Corpus& corpus, const std::string& role, const std::string& name, Metadata metadata,
              std::uint64_t version) {
    metadata.version = version;
    corpus.add("tuf_" + role, name, tuf::format_canonical(tuf::to_json(metadata)));
    metadata.expires = now - 1;
    corpus.add("tuf_" + role, name + "-expired", tuf::format_canonical(tuf::to_json(metadata)));
    --metadata.version;
    corpus.add("tuf_" + role, name + "-older", tuf::format_canonical(tuf::to_json(metadata)));
}

tuf::Targets make_targets() {
    tuf::Targets targets;
    targets.expires = later;
    targets.targets["packages/a_1.0_x86_64.cpkg"] = {
        .length = 440, .hashes = {{"sha256", std::string(64, 'a')}}, .custom = {{"license", "MIT"}}};
    return targets;
}

tuf::Delegations make_delegations() {
    tuf::Delegations delegations;
    const tuf::Key key = tuf::make_key(role_key().public_key());
    const tuf::Key pem{.type = "ecdsa", .scheme = "ecdsa-sha2-nistp256", .value = p256_key};
    delegations.keys = {{tuf::id_of(key), key}, {tuf::id_of(pem), pem}};
    const tuf::RoleKeys keys{.key_ids = {tuf::id_of(key), tuf::id_of(pem)}, .threshold = 2};
    delegations.roles = {{.name = "images", .keys = keys, .is_terminating = true, .paths = {"images/*"}},
                         {.name = "bin-0", .keys = keys, .hash_prefixes = {"0", "1f"}}};
    return delegations;
}

void add_metadata(const Corpus& corpus) {
    tuf::Root root = make_root();
    add_role(corpus, "root", "next", root, 2);
    const tuf::Key pem{.type = "ecdsa", .scheme = "ecdsa-sha2-nistp256", .value = p256_key};
    root.keys[tuf::id_of(pem)] = pem;
    root.roles["timestamp"] = {.key_ids = {tuf::id_of(pem)}};
    add_role(corpus, "root", "rotated", root, 2);
    corpus.add("tuf_root", "file", sign(tuf::to_json(root)));

    add_role(corpus, "timestamp", "next", make_timestamp(), known_timestamp + 1);
    tuf::Timestamp timestamp = make_timestamp();
    timestamp.snapshot.length = 1000;
    timestamp.snapshot.hashes["sha256"] = std::string(64, 'b');
    add_role(corpus, "timestamp", "hashes", timestamp, known_timestamp + 1);

    tuf::Snapshot snapshot = make_snapshot();
    add_role(corpus, "snapshot", "next", snapshot, listed_version);
    snapshot.files["images.json"] = {
        .version = 2, .length = 5, .hashes = {{"sha512", std::string(128, 'c')}}};
    add_role(corpus, "snapshot", "images", snapshot, listed_version);

    tuf::Targets targets = make_targets();
    add_role(corpus, "targets", "next", targets, listed_version);
    targets.delegations = make_delegations();
    add_role(corpus, "targets", "roles", targets, listed_version);
    targets.delegations->bins = {
        .keys = targets.delegations->roles.front().keys, .bit_length = 8, .name_prefix = "bin"};
    add_role(corpus, "targets", "bins", targets, listed_version);
}

// Disks

void add_disks(const Corpus& corpus) {
    constexpr std::uint64_t size = 24 * 512;
    disks::FakeDisk disk(size, 512);
    disks::PartitionTable table{.first_usable = 3, .entry_count = 4};
    table = disks::grow_to(table, size);
    table.partitions = {
        {.number = 1, .type = disks::make_random_guid(), .first_sector = 4, .last_sector = 7, .name = u"esp"},
        {.number = 3,
         .type = disks::make_random_guid(),
         .first_sector = 8,
         .last_sector = 20,
         .name = u"root-a"}};
    disks::write_partition_table(disk, table);
    corpus.add("partition_table", "whole", text_of(disk.read(0, size)));
    disk.write(512, std::vector<std::uint8_t>(512));
    corpus.add("partition_table", "backup", text_of(disk.read(0, size)));
}

void add_deny_list(const Corpus& corpus) {
    slots::DenyList list;
    list.add({.image = {.name = "base", .version = "2.0"}, .cause = "by operator", .time = 1'800'000'000});
    list.add(
        {.image = {.name = "base", .version = "2.1~rc"}, .ban = slots::Ban::held, .cause = "fails in both"});
    corpus.add("deny_list", "two", list.to_text());
    corpus.add("deny_list", "empty", slots::DenyList().to_text());
}

void add_boot_files(const Corpus& corpus) {
    const slots::ImageVersion image = {.name = "base-x", .version = "1.0~rc^2.A"};
    corpus.add("boot_files", "good", layout::to_text({.name = image.name, .version = image.version}));
    corpus.add(
        "boot_files", "on_trial",
        layout::to_text({.name = image.name, .version = image.version, .counter = layout::first_tries}));
    corpus.add("boot_files", "staged", slots::staged_name(image));
    corpus.add("boot_files", "unfinished", slots::unfinished_name(image));
    corpus.add("boot_files", "foreign", "fedora.efi");
}

void add_boot_record(const Corpus& corpus) {
    const fs::path record = corpus.path("boot_record", "events");
    slots::BootEvent event{
        .boot = "5b0d", .time = 1'800'000'000, .root_hash = "ab", .slot = "a", .boot_file = "base_1.0.efi"};
    slots::append_boot_event(record, event);
    event.kind = slots::BootEventKind::failure;
    event.message = "the root's hash tree \"is wrong\"\n";
    slots::append_boot_event(record, event);
    corpus.add("boot_record", "torn", read_file(record) + R"({"boot":"6c)");
    corpus.add(
        "boot_record", "strange",
        "[]\n{}\n\n{\"boot\":1,\"event\":\"good\"}\n{\"boot\":\"b\",\"event\":\"good\",\"time\":1e9}\n");
}

}  // namespace
}  // namespace cairn::fuzz

int main(int count, char** arguments) {
    if (count != 2) {
        std::println(stderr, "usage: fuzz_make_seeds CORPUS");
        return 2;
    }
    const cairn::fuzz::Corpus corpus(arguments[1]);
    using namespace cairn::fuzz;
    add_packages(corpus);
    add_chunks(corpus);
    add_metadata(corpus);
    add_disks(corpus);
    add_boot_record(corpus);
    add_deny_list(corpus);
    add_boot_files(corpus);
}
