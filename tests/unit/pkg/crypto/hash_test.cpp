#include "pkg/crypto/hash.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::crypto {
namespace {

TEST(Hash, KnowsTheStandardsExamples) {
    EXPECT_EQ(hash_sha256("abc").to_hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_sha256("").to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    // What `b2sum -l 256` prints.
    EXPECT_EQ(hash_blake2b("abc").to_hex(),
              "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    EXPECT_EQ(hash_blake2b("").to_hex(), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(Hash, IsTheSameInPieces) {
    Blake2bHasher blake;
    Sha256Hasher sha;
    for (int round = 0; round < 2; ++round) {  // finish() starts again
        for (const char* piece : {"a", "", "bc"}) {
            blake.update(piece);
            sha.update(piece);
        }
        EXPECT_EQ(blake.finish(), hash_blake2b("abc"));
        EXPECT_EQ(sha.finish(), hash_sha256("abc"));
    }
}

TEST(Hash, OfAFileIsThatOfItsBytes) {
    const TemporaryDirectory directory;
    const std::string content(300'000, 'x');
    write_file(directory.path() / "file", content);
    EXPECT_EQ(hash_file_blake2b(directory.path() / "file"), hash_blake2b(content));
    EXPECT_EQ(hash_file_sha256(directory.path() / "file"), hash_sha256(content));
    EXPECT_THROW(hash_file_sha256(directory.path() / "none"), SystemError);
}

TEST(Hash, OfAFileCountsItsHolesAsZeros) {
    const TemporaryDirectory directory;
    const std::filesystem::path file = directory.path() / "file";
    // Data at the start, in the middle and nowhere at the end.
    write_file(file, std::string(5'000, 'x'));
    std::filesystem::resize_file(file, 1'000'000);
    EXPECT_EQ(hash_file_sha256(file), hash_sha256(read_file(file)));
    const Fd fd = open_file(file, O_WRONLY);
    write_all_at(fd.get(), std::vector<std::uint8_t>(10'000, 7), 600'001, file.string());
    EXPECT_EQ(hash_file_sha256(file), hash_sha256(read_file(file)));
    EXPECT_EQ(hash_file_blake2b(file), hash_blake2b(read_file(file)));
    std::filesystem::resize_file(file, 0);
    EXPECT_EQ(hash_file_sha256(file), hash_sha256(""));
}

TEST(Hash, ParsesWhatItPrintsAndNothingElse) {
    const Hash hash = hash_blake2b("abc");
    EXPECT_EQ(parse_hash(hash.to_hex()), hash);
    EXPECT_FALSE(hash.is_zero());
    EXPECT_TRUE(Hash().is_zero());
    for (const std::string& bad :
         {std::string(), hash.to_hex().substr(2), hash.to_hex() + "00", "x" + hash.to_hex().substr(1)})
        EXPECT_THROW(parse_hash(bad), Error) << bad;
}

}  // namespace
}  // namespace cairn::crypto
