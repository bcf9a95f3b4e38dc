#include <sys/mman.h>

#include <format>
#include <functional>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/package/bytes.h"
#include "pkg/package/head_codec.h"
#include "pkg/package/reader.h"
#include "tests/support/package_builder.h"

/// Packages that were damaged on the way, and packages that a hostile signer made.
namespace cairn::package {
namespace {

using testing::fixed_key;
using testing::PackageBuilder;

/// A package file in memory: thousands of them are opened here, and files on a disk are slow.
class PackageInMemory {
  public:
    explicit PackageInMemory(std::string_view bytes) : fd_(::memfd_create("package", MFD_CLOEXEC)) {
        write_all(fd_.get(), bytes, "memory");
    }
    PackageReader open() const {
        return open_package(std::format("/proc/self/fd/{}", fd_.get()),
                            AllowedKeys({fixed_key().public_key()}));
    }

  private:
    Fd fd_;
};

/// Opens and reads all of a package in the way that a reader of everything does.
void read_all(const std::string& bytes) {
    verify_content(PackageInMemory(bytes).open(), Depth::full);
}

std::string flip_bit(std::string bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    return bytes;
}

std::string make_small_package(PackageBuilder& builder) {
    builder.file("usr/bin/hello", "#!/bin/sh\necho hello hello hello hello hello hello\n", 0755);
    builder.file("usr/share/a", std::string(300, 'a')).symlink("usr/share/b", "a");
    builder.hard_link("usr/share/c", "usr/share/a");
    builder.open();
    return read_file(builder.output());
}

TEST(DamagedPackage, EveryTruncationIsRefused) {
    PackageBuilder builder("small");
    const std::string whole = make_small_package(builder);
    EXPECT_NO_THROW(read_all(whole));
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_THROW(read_all(whole.substr(0, length)), VerifyError) << length;
    EXPECT_THROW(read_all(whole + "x"), VerifyError);
    RecordProperty("truncations", static_cast<int>(whole.size()));
}

TEST(DamagedPackage, EveryFlippedBitIsRefused) {
    PackageBuilder builder("small");
    const std::string whole = make_small_package(builder);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit)
        EXPECT_THROW(read_all(flip_bit(whole, bit)), VerifyError) << "bit " << bit;
    RecordProperty("flipped_bits", static_cast<int>(8 * whole.size()));
    std::printf("%zu truncations and %zu flipped bits refused\n", whole.size(), 8 * whole.size());
}

TEST(DamagedPackage, ReadingContentNeverGivesWrongBytes) {
    // Reading and extracting do not look at the hash of the stored data: a bit that zstd does not look at may
    // pass there, and is harmless, because the bytes that come out were compared with the signed chunk ids.
    PackageBuilder builder("small");
    const std::string whole = make_small_package(builder);
    const std::size_t first = 8 * PackageInMemory(whole).open().preamble().data_offset();
    std::size_t passed = 0;
    for (std::size_t bit = first; bit < 8 * whole.size(); ++bit) {
        const PackageInMemory damaged(flip_bit(whole, bit));
        const PackageReader package = damaged.open();
        try {
            EXPECT_EQ(ContentReader(package).read_whole(*package.files().find("usr/share/a")),
                      std::string(300, 'a'));
            ++passed;
        } catch (const VerifyError&) {
        }
    }
    EXPECT_LT(passed, 8 * whole.size() - first);
    std::printf("%zu of %zu flipped bits changed nothing\n", passed, 8 * whole.size() - first);
}

TEST(UntrustedPackage, AnotherKeyIsRefused) {
    PackageBuilder builder("small");
    make_small_package(builder);
    EXPECT_NO_THROW(open_package(builder.output(), AllowedKeys::any_signer()));
    EXPECT_THROW(open_package(builder.output(), AllowedKeys({crypto::SecretKey::generate().public_key()})),
                 VerifyError);
    EXPECT_THROW(open_package(builder.output(), AllowedKeys(std::vector<crypto::PublicKey>{})), VerifyError);
}

// From here on: heads that are rightly signed, by somebody who means harm.

Head small_head() {
    const auto content = crypto::hash_blake2b("12345678");
    return Head{.identity = testing::make_identity("evil"),
                .files = {{{.path = "d", .kind = archive::Kind::directory, .mode = 0755},
                           {.path = "d/f", .mode = 0644, .size = 8, .content = content}}},
                .chunks = {{.id = content, .plain_size = 8, .stored_size = 8}}};
}

/// Signs these plain bytes as a head, without the checks of make_signed_head.
void verify_signed(const std::vector<std::uint8_t>& plain, std::uint64_t data_size,
                   std::uint32_t claimed_size = 0) {
    std::vector<std::uint8_t> stored;
    archive::ZstdCompressor().compress(plain, stored);
    ByteWriter writer;
    writer.put_bytes(std::vector<std::uint8_t>{'C', 'A', 'I', 'R', 'N', 'P', 'K', 'G', 1, 0, 0, 0});
    writer.put_number(stored.size(), 4);
    writer.put_number(claimed_size == 0 ? plain.size() : claimed_size, 4);
    writer.put_number(0, 4);
    writer.put_number(data_size, 8);
    writer.put_bytes(crypto::hash_blake2b("").bytes());
    crypto::SecretKey key = fixed_key();
    writer.put_bytes(key.public_key().bytes());
    crypto::Blake2bHasher hasher;
    hasher.update(writer.bytes());
    hasher.update(stored);
    writer.put_bytes(crypto::sign(key, "package-head", hasher.finish().bytes()).bytes());
    writer.put_bytes(stored);
    verify_head(writer.bytes(), AllowedKeys({key.public_key()}));
}

void expect_refused(const char* what, const std::function<void(Head&)>& spoil, std::uint64_t data_size = 8) {
    Head head = small_head();
    spoil(head);
    EXPECT_THROW(verify_signed(encode_head(head), data_size), VerifyError) << what;
}

TEST(HostilePackage, TheExampleItselfIsTaken) {
    EXPECT_NO_THROW(verify_signed(encode_head(small_head()), 8));
}

TEST(HostilePackage, BadPathsAreRefused) {
    for (const char* path : {"/f", "../f", "d/../../f", "d//f", "d/f/", ".", "", "d/\x01"})
        expect_refused(path, [&](Head& head) {
            head.files.entries[1].path = path;
            std::ranges::sort(head.files.entries, archive::is_path_before);
        });
    expect_refused("a file in a symlink", [](Head& head) {
        head.files.entries[0] = {.path = "d", .kind = archive::Kind::symlink, .mode = 0777, .target = "/etc"};
    });
    expect_refused("twice", [](Head& head) { head.files.entries.push_back(head.files.entries[1]); });
    expect_refused("order", [](Head& head) { std::swap(head.files.entries[0], head.files.entries[1]); });
}

TEST(HostilePackage, BadModesAndLinksAreRefused) {
    expect_refused("setuid", [](Head& head) { head.files.entries[1].mode = 04755; });
    expect_refused("hard link out", [](Head& head) {
        head.files.entries.push_back(
            {.path = "d/g", .kind = archive::Kind::hard_link, .mode = 0644, .target = "../etc/passwd"});
    });
}

TEST(HostilePackage, BadIdentitiesAreRefused) {
    expect_refused("name", [](Head& head) { head.identity.name = "../evil"; });
    expect_refused("version", [](Head& head) { head.identity.version = ""; });
    expect_refused("depends", [](Head& head) { head.identity.depends = {"a b"}; });
}

TEST(HostilePackage, ChunksThatDoNotFitAreRefused) {
    expect_refused("too few", [](Head& head) { head.chunks.clear(); }, 0);
    expect_refused("too many", [](Head& head) { head.chunks.push_back(head.chunks[0]); }, 16);
    expect_refused("data larger", [](Head&) {}, 9);
    expect_refused("empty chunk", [](Head& head) { head.chunks.push_back({}); });
    expect_refused("stored larger than plain", [](Head& head) { head.chunks[0].stored_size = 9; }, 9);
    expect_refused("huge chunk", [](Head& head) {
        head.chunks[0].plain_size = 1 << 20;
        head.files.entries[1].size = 1 << 20;
    });
}

TEST(HostilePackage, BombsAreRefused) {
    expect_refused(
        "data",
        [](Head& head) {
            const std::uint32_t size = 256 * 1024;
            head.chunks.assign(2000, {.id = head.chunks[0].id, .plain_size = size, .stored_size = 20});
            head.files.entries[1].size = std::uint64_t{2000} * size;
        },
        40'000);
    std::vector<std::uint8_t> zeros(200 << 20);
    EXPECT_THROW(verify_signed(zeros, 0), VerifyError);  // a head that unpacks to very much
}

TEST(HostilePackage, HeadsThatLieAboutTheirSizeAreRefused) {
    const auto plain = encode_head(small_head());
    EXPECT_THROW(verify_signed(plain, 8, static_cast<std::uint32_t>(plain.size() + 1)), VerifyError);
    EXPECT_THROW(verify_signed(plain, 8, static_cast<std::uint32_t>(plain.size() - 1)), VerifyError);
    for (std::size_t length = 0; length < plain.size(); ++length)
        EXPECT_THROW(verify_signed({plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(length)}, 8),
                     VerifyError)
            << length;
    auto longer = plain;
    longer.push_back(0);
    EXPECT_THROW(verify_signed(longer, 8), VerifyError);
}

TEST(HostilePackage, IdentitiesThatAreNoneAreRefused) {
    const std::string right = to_json(testing::make_identity("evil")).dump();
    const auto refuse = [](const std::string& text) {
        ByteWriter writer;
        writer.put_text(text, 4);
        writer.put_number(0, 8);
        EXPECT_THROW(decode_head(writer.bytes()), VerifyError) << text;
    };
    for (const char* const text : {"", "{", "[]", "null", "{\"name\":", "\"\xff\""}) refuse(text);
    std::string wrong_hash = right;
    wrong_hash[right.find("\"output\":\"") + 10] = 'x';
    refuse(wrong_hash);
    refuse(right + " ");
}

TEST(HostilePackage, CountsDoNotDecideHowMuchMemoryIsTaken) {
    ByteWriter writer;
    writer.put_text(to_json(testing::make_identity("evil")).dump(), 4);
    writer.put_number(0xffffffff, 4);
    EXPECT_THROW(decode_head(writer.bytes()), VerifyError);
}

TEST(HostilePackage, TheIdentityHasOneFormOnly) {
    for (const std::string& change : {std::string(R"({"a":1,)"), std::string("{ ")}) {
        ByteWriter writer;
        std::string json = to_json(testing::make_identity("evil")).dump();
        json.replace(0, 1, change);
        writer.put_text(json, 4);
        writer.put_number(0, 4);
        writer.put_number(0, 4);
        EXPECT_THROW(decode_head(writer.bytes()), VerifyError) << change;
    }
}

TEST(HostilePackage, AWrongFileHashIsFoundByVerify) {
    // The signer says one hash in the table and packs other bytes.
    PackageBuilder builder("liar");
    builder.file("a", "good");
    archive::FileTree tree = builder.tree();
    tree.entries[0].content = crypto::hash_blake2b("evil");
    const PackageReader package = builder.open(tree);
    EXPECT_NO_THROW(verify_content(package, Depth::stored));
    EXPECT_THROW(verify_content(package, Depth::full), VerifyError);
}

}  // namespace
}  // namespace cairn::package
