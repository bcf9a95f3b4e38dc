#include "images/payload/boot_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "images/payload/boot_splice.h"
#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

using Bytes = std::vector<std::uint8_t>;
const std::string stub = "usr/lib/cairn/boot/stub.efi";
const std::string kernel = "usr/lib/cairn/boot/vmlinuz";

Bytes make_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

void append(Bytes& bytes, const Bytes& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

/// A boot file as assembled: a stub with changed bytes in its header, the kernel, texts and padding between.
class BootParts : public testing::Test {
  protected:
    Bytes stub_ = make_bytes(20'000, 1);
    Bytes kernel_ = make_bytes(3 << 20, 2);
    Bytes boot_file_ = make_boot_file();

    Bytes make_boot_file() const {
        Bytes bytes = stub_;
        for (std::size_t at = 700; at < 900; ++at) bytes[at] ^= 0x55;
        append(bytes, Bytes(480));
        append(bytes, kernel_);
        append(bytes, Bytes{'r', 'o', 'o', 't', 'h', 'a', 's', 'h'});
        append(bytes, Bytes(300));
        return bytes;
    }
    payload::BootParts parts() const {
        return make_boot_parts(boot_file_, {{stub, stub_}, {kernel, kernel_}});
    }
    Bytes written(const payload::BootParts& parts) const {
        Bytes result;
        write_boot_file(
            parts,
            [&](std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) {
                EXPECT_LE(into.size(), 1U << 20);
                const Bytes& source = file == stub ? stub_ : kernel_;
                std::ranges::copy(std::span(source).subspan(offset, into.size()), into.begin());
            },
            [&](std::span<const std::uint8_t> bytes) {
                result.insert(result.end(), bytes.begin(), bytes.end());
            });
        return result;
    }
};

TEST_F(BootParts, AreTheRootsFilesAndASmallRest) {
    const payload::BootParts found = parts();
    const auto changed = std::span(boot_file_).subspan(700, 200);
    Bytes end(boot_file_.end() - 308, boot_file_.end());
    EXPECT_THAT(found.pieces,
                testing::ElementsAre(BootPiece(RootRange{stub, 0, 700}),
                                     BootPiece(Bytes(changed.begin(), changed.end())),
                                     BootPiece(RootRange{stub, 900, 19'100}), BootPiece(Bytes(480)),
                                     BootPiece(RootRange{kernel, 0, 3 << 20}), BootPiece(end)));
    EXPECT_EQ(found.size(), boot_file_.size());
    EXPECT_TRUE(written(found) == boot_file_);
}

TEST_F(BootParts, ComeBackAsTheyWereWritten) {
    EXPECT_EQ(parse_boot_parts(parse_json(format_json(to_json(parts())), "boot.json"), "boot.json"), parts());
}

TEST_F(BootParts, AreNotMadeWhenTheRootHasTooLittle) {
    try {
        make_boot_parts(boot_file_, {{stub, stub_}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(), testing::HasSubstr("not put together from the root's files"));
    }
}

class HostileBootParts : public BootParts {
  protected:
    Json json_ = to_json(parts());
    std::string refusal() const {
        try {
            parse_boot_parts(json_, "boot.json");
            return "";
        } catch (const VerifyError& error) {
            return error.message();
        }
    }
    Json& piece() { return json_["pieces"][0]; }
};

TEST_F(HostileBootParts, NameNoOtherFileOfTheRoot) {
    ASSERT_EQ(refusal(), "");
    for (const char* const path :
         {"etc/shadow", "/usr/lib/cairn/boot/vmlinuz", "usr/lib/cairn/boot", "usr/lib/cairn/boot/",
          "usr/lib/cairn/boot/../release.json", "usr/lib/cairn/boot/a/b", "usr/lib/cairn/boot/.a",
          "usr/lib/cairn/bootx", "", "usr/lib/cairn/boot/vmlinuz\n"}) {
        piece()["file"] = path;
        EXPECT_NE(refusal(), "") << path;
    }
    piece()["file"] = std::string("usr/lib/cairn/boot/") + std::string(200, 'a');
    EXPECT_NE(refusal(), "");
}

TEST_F(HostileBootParts, AreBounded) {
    piece()["size"] = std::uint64_t{257} << 20;
    EXPECT_NE(refusal(), "");
    piece()["size"] = 0U;
    EXPECT_NE(refusal(), "");
    piece()["size"] = -5;
    EXPECT_NE(refusal(), "");
    json_ = to_json({.pieces = {Bytes(most_inline_bytes), Bytes(1)}});
    EXPECT_THAT(refusal(), testing::HasSubstr("that are not in the root"));
    json_ = to_json({.pieces = {RootRange{kernel, 0, most_boot_file_bytes}, Bytes(1)}});
    EXPECT_THAT(refusal(), testing::HasSubstr("larger than"));
    json_ = to_json({.pieces = std::vector<BootPiece>(most_boot_pieces + 1, Bytes(1))});
    EXPECT_THAT(refusal(), testing::HasSubstr("more than 1024 entries"));
    json_ = to_json({.pieces = {}});
    EXPECT_THAT(refusal(), testing::HasSubstr("would be empty"));
}

TEST_F(HostileBootParts, SayTheirSizeRight) {
    json_["size"] = boot_file_.size() + 1;
    EXPECT_THAT(refusal(), testing::HasSubstr("not the sum"));
    json_.erase("size");
    EXPECT_NE(refusal(), "");
}

TEST_F(HostileBootParts, HavePiecesOfOneKindOrTheOther) {
    const Json whole = piece();
    for (const Json& wrong :
         {Json::object(), Json("bytes"), Json{{"bytes", "0"}}, Json{{"bytes", "xy"}}, Json{{"bytes", ""}},
          Json{{"bytes", 5}}, Json{{"file", kernel}}, Json{{"file", kernel}, {"offset", 0U}}}) {
        piece() = wrong;
        EXPECT_NE(refusal(), "") << wrong;
    }
    piece() = whole;
    piece()["bytes"] = "00";
    EXPECT_THAT(refusal(), testing::HasSubstr("'bytes' or a 'file'"));
    for (const char* const key : {"format", "pieces"}) {
        json_ = to_json(parts());
        json_[key] = "1";
        EXPECT_NE(refusal(), "") << key;
    }
}

}  // namespace
}  // namespace cairn::payload
