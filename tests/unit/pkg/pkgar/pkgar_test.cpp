#include <lzma.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <format>
#include <functional>
#include <gtest/gtest.h>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/package/bytes.h"
#include "pkg/pkgar/blake3.h"
#include "pkg/pkgar/reader.h"
#include "pkg/pkgar/writer.h"
#include "tests/support/package_builder.h"

namespace cairn::pkgar {
namespace {

using testing::fixed_key;
using testing::PackageBuilder;

/// One file put together byte by byte, so that the reader is not tested by our own writer alone.
class HandMade {
  public:
    struct Row {
        std::string path;
        std::string stored;
        std::string plain;
        std::uint32_t mode = 0100644;
        std::uint64_t offset_added = 0;
    };
    std::vector<Row> rows;
    std::uint32_t flags = 0;
    std::string path_end;  // in place of the zeros behind the first path

    std::string bytes() const {
        package::ByteWriter table;
        std::string data;
        for (const Row& row : rows) {
            table.put_bytes(hash_blake3(as_bytes(row.plain)).bytes());
            table.put_number(data.size() + row.offset_added, 8);
            table.put_number(row.stored.size(), 8);
            table.put_number(row.mode, 4);
            std::string path = row.path + (&row == &rows.front() ? path_end : "");
            path.resize(256);
            table.put_bytes(as_bytes(path));
            data += row.stored;
        }
        crypto::SecretKey key = fixed_key();
        package::ByteWriter header;
        header.put_bytes(key.public_key().bytes());
        header.put_bytes(hash_blake3(table.bytes()).bytes());
        header.put_number(rows.size(), 4);
        header.put_number(flags, 4);
        std::string whole;
        for (const auto part :
             {std::span<const std::uint8_t>(key.sign_bytes(header.bytes()).bytes()),
              std::span<const std::uint8_t>(header.bytes()), std::span<const std::uint8_t>(table.bytes())})
            whole.append(part.begin(), part.end());
        return whole + data;
    }
    static std::span<const std::uint8_t> as_bytes(std::string_view text) {
        return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    }
};

HandMade small() {
    HandMade made;
    made.rows = {{.path = "usr/bin/hello", .stored = "hello\n", .plain = "hello\n", .mode = 0100755},
                 {.path = "usr/share/a", .stored = "aaaa", .plain = "aaaa"},
                 {.path = "usr/bin/hi", .stored = "hello", .plain = "hello", .mode = 0120777}};
    return made;
}

std::string pack_lzma2(const std::string& plain) {
    lzma_options_lzma options{};
    ::lzma_lzma_preset(&options, 6);
    const std::array<lzma_filter, 2> filters = {lzma_filter{.id = LZMA_FILTER_LZMA2, .options = &options},
                                                lzma_filter{.id = LZMA_VLI_UNKNOWN, .options = nullptr}};
    std::string packed(plain.size() + 1000, '\0');
    std::size_t size = 0;
    const auto in = HandMade::as_bytes(plain);
    EXPECT_EQ(::lzma_raw_buffer_encode(filters.data(), nullptr, in.data(), in.size(),
                                       reinterpret_cast<std::uint8_t*>(packed.data()), &size, packed.size()),
              LZMA_OK);
    packed.resize(size);
    return packed;
}

std::string size_field(std::uint64_t size) {
    package::ByteWriter field;
    field.put_number(size, 8);
    return {field.bytes().begin(), field.bytes().end()};
}

/// A pkgar file in memory, and everything in it read.
class InMemory {
  public:
    explicit InMemory(std::string_view bytes) : fd_(::memfd_create("pkgar", MFD_CLOEXEC)) {
        write_all(fd_.get(), bytes, "memory");
    }
    Reader open() const {
        return open_pkgar(std::format("/proc/self/fd/{}", fd_.get()), fixed_key().public_key());
    }

  private:
    Fd fd_;
};

void read_all(std::string_view bytes) {
    const Reader reader = InMemory(bytes).open();
    for (const Entry& entry : reader.head().entries) reader.read(entry, [](std::span<const std::uint8_t>) {});
}

std::string find_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const VerifyError& error) {
        return error.message();
    }
    return "none";
}

void expect_refused(std::string_view word, const std::function<void(HandMade&)>& spoil) {
    HandMade made = small();
    spoil(made);
    const TemporaryDirectory target;
    const std::string error =
        find_error([&] { extract_pkgar(InMemory(made.bytes()).open(), Dir::open(target.path())); });
    EXPECT_TRUE(error.contains(word)) << word << ": " << error;
}

TEST(Pkgar, IsExtractedWithItsModesAndLinks) {
    const TemporaryDirectory target;
    extract_pkgar(InMemory(small().bytes()).open(), Dir::open(target.path()));
    EXPECT_EQ(read_file(target.path() / "usr/bin/hello"), "hello\n");
    EXPECT_EQ(read_file(target.path() / "usr/share/a"), "aaaa");
    EXPECT_EQ(std::filesystem::read_symlink(target.path() / "usr/bin/hi"), "hello");
    EXPECT_EQ(std::filesystem::status(target.path() / "usr/bin/hello").permissions(),
              std::filesystem::perms(0755));
}

TEST(Pkgar, EveryTruncationAndEveryFlippedBitIsRefused) {
    const std::string whole = small().bytes();
    EXPECT_NO_THROW(read_all(whole));
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_THROW(read_all(std::string_view(whole).substr(0, length)), VerifyError) << length;
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_THROW(read_all(damaged), VerifyError) << "bit " << bit;
    }
    std::printf("%zu truncations and %zu flipped bits refused\n", whole.size(), 8 * whole.size());
}

TEST(Pkgar, RefusesWhatARightlySignedFileMayNotHold) {
    expect_refused("twice", [](HandMade& made) { made.rows[1].path = "usr/bin/hello"; });
    expect_refused("not a usable path", [](HandMade& made) { made.rows[1].path = "../up"; });
    expect_refused("not a usable path", [](HandMade& made) { made.rows[1].path = "/etc/passwd"; });
    expect_refused("not a usable path", [](HandMade& made) { made.rows[1].path = ""; });
    expect_refused("does not end", [](HandMade& made) { made.rows[0].path = std::string(256, 'a'); });
    expect_refused("does not end", [](HandMade& made) { made.path_end = std::string("\0x", 2); });
    expect_refused("setuid", [](HandMade& made) { made.rows[0].mode = 0104755; });
    expect_refused("neither file nor link", [](HandMade& made) { made.rows[0].mode = 0040755; });
    expect_refused("neither file nor link", [](HandMade& made) { made.rows[0].mode = 0020644; });
    expect_refused("mode is unknown", [](HandMade& made) { made.rows[0].mode |= 0x10000; });
    expect_refused("behind the end", [](HandMade& made) { made.rows[2].offset_added = 1; });
    expect_refused("behind the end",
                   [](HandMade& made) { made.rows[2].offset_added = ~std::uint64_t{0} - 12; });
    expect_refused("content is damaged", [](HandMade& made) { made.rows[1].plain = "other"; });
    expect_refused("needs a target",
                   [](HandMade& made) { made.rows[2].stored = made.rows[2].plain = std::string("a\0b", 3); });
    expect_refused("longer than",
                   [](HandMade& made) { made.rows[2].stored = made.rows[2].plain = std::string(5000, 'a'); });
    for (const std::uint32_t flags : {0x1U, 0x500U, 0x20000U, 0x1000000U})
        expect_refused("unknown", [&](HandMade& made) { made.flags = flags; });
    expect_refused("none", [](HandMade&) {});
}

TEST(Pkgar, WritesNothingThroughALinkOrAFile) {
    const TemporaryDirectory outside;
    const TemporaryDirectory target;
    HandMade made = small();
    made.rows = {{.path = "a", .stored = outside.path(), .plain = outside.path(), .mode = 0120777},
                 {.path = "a/b", .stored = "x", .plain = "x"}};
    EXPECT_THROW(extract_pkgar(InMemory(made.bytes()).open(), Dir::open(target.path())), Error);
    EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST(Pkgar, AnotherKeyIsRefused) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a.pkgar", small().bytes());
    EXPECT_THROW(open_pkgar(directory.path() / "a.pkgar", crypto::SecretKey::generate().public_key()),
                 VerifyError);
}

TEST(Pkgar, UnpacksLzma2) {
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += std::format("line {}\n", i % 700);
    HandMade made = small();
    made.flags = 0x10000;
    for (HandMade::Row& row : made.rows) row.stored = size_field(row.plain.size()) + pack_lzma2(row.plain);
    made.rows.push_back(
        {.path = "large", .stored = size_field(text.size()) + pack_lzma2(text), .plain = text});
    made.rows.push_back({.path = "empty", .stored = size_field(0) + pack_lzma2(""), .plain = ""});
    const TemporaryDirectory target;
    extract_pkgar(InMemory(made.bytes()).open(), Dir::open(target.path()));
    EXPECT_EQ(read_file(target.path() / "large"), text);
    EXPECT_EQ(read_file(target.path() / "empty"), "");
    EXPECT_EQ(std::filesystem::read_symlink(target.path() / "usr/bin/hi"), "hello");
}

TEST(Pkgar, RefusesLzma2ThatIsNotWhatItSays) {
    const std::string text(10'000, 'x');
    const auto refused = [&](const std::string& stored) {
        HandMade made = small();
        made.flags = 0x10000;
        made.rows = {{.path = "a", .stored = stored, .plain = text}};
        return find_error([&] { read_all(made.bytes()); });
    };
    const std::string packed = pack_lzma2(text);
    EXPECT_EQ(refused(size_field(text.size()) + packed), "none");
    EXPECT_TRUE(refused(size_field(text.size() - 1) + packed).contains("longer"));
    EXPECT_TRUE(refused(size_field(text.size() + 1) + packed).contains("shorter"));
    EXPECT_TRUE(refused(size_field(text.size()) + packed + "x").contains("behind its end"));
    EXPECT_TRUE(
        refused(size_field(text.size()) + packed.substr(0, packed.size() - 1)).contains("ends early"));
    EXPECT_TRUE(refused(size_field(std::uint64_t{10} << 30) + packed).contains("would unpack"));
    EXPECT_TRUE(refused("short").contains("too short"));
}

TEST(Pkgar, APackageGoesThereAndBack) {
    PackageBuilder builder("tool");
    builder.file("usr/bin/tool", std::string(300'000, 'x'), 0755).file("usr/share/empty", "");
    builder.symlink("usr/bin/alias", "tool").hard_link("usr/share/same", "usr/bin/tool");
    builder.directory("usr/share/nothing");
    const package::PackageReader package = builder.open();
    const TemporaryDirectory directory;
    crypto::SecretKey key = fixed_key();
    const Written written = write_pkgar(package, key, directory.path() / "tool.pkgar");
    EXPECT_EQ(written.entries, 4U);
    EXPECT_EQ(written.file_size, std::filesystem::file_size(directory.path() / "tool.pkgar"));
    EXPECT_LT(written.file_size, 400'000U);  // the hard link's content is there once
    EXPECT_EQ(written.lost, std::vector<std::string>{"empty directories: usr/share/nothing"});

    const Reader reader = open_pkgar(directory.path() / "tool.pkgar", key.public_key());
    EXPECT_EQ(reader.head().architecture, "x86_64");
    make_directories(directory.path() / "out/usr/share/nothing");
    extract_pkgar(reader, Dir::open(directory.path() / "out"));
    std::filesystem::remove(directory.path() / "out/usr/share/same");
    std::filesystem::create_hard_link(directory.path() / "out/usr/bin/tool",
                                      directory.path() / "out/usr/share/same");
    EXPECT_EQ(archive::scan_tree(directory.path() / "out"), builder.tree());
}

TEST(Pkgar, CannotHoldALongPath) {
    PackageBuilder builder("tool");
    builder.file(std::string(200, 'a') + "/" + std::string(100, 'b'), "x");
    const TemporaryDirectory directory;
    crypto::SecretKey key = fixed_key();
    EXPECT_THROW(write_pkgar(builder.open(), key, directory.path() / "a.pkgar"), UsageError);
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "a.pkgar"));
}

}  // namespace
}  // namespace cairn::pkgar
