#include "pkg/source/moved_pin.h"

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "tests/unit/pkg/source/source_fixture.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A small archive of Debian, signed with a key made here.
class MovedPinTest : public SourceFixture {
  protected:
    // One key serves all tests: making one takes a while.
    static void SetUpTestSuite() {
        keys_ = new TemporaryDirectory;
        gpg({"--quick-gen-key", "Archive <archive@example>", "ed25519", "sign", "never"});
        gpg({"--quick-gen-key", "Stranger <stranger@example>", "ed25519", "sign", "never"});
        write_file(keys_->path() / "keyring.gpg", gpg({"--export", "archive@example"}));
    }
    static void TearDownTestSuite() {
        run_command({.arguments = {"gpgconf", "--homedir", keys_->path().string(), "--kill", "all"}});
        delete keys_;
    }
    static std::string gpg(std::vector<std::string> words, const std::string& input = "") {
        words.insert(words.begin(),
                     {"gpg", "--batch", "--quiet", "--homedir", keys_->path().string(), "--pinentry-mode",
                      "loopback", "--passphrase", "", "--trust-model", "always"});
        return run_command_checked({.arguments = words, .input = input});
    }

    MovedPinTest() { environment_.debian_keyring = keys_->path() / "keyring.gpg"; }

    static std::string source_stanza(const std::string& package, const std::string& version,
                                     const std::string& file, const std::string& content) {
        return "Package: " + package + "\nBinary: x\nVersion: " + version + "\nFiles:\n 0123 7 " + file +
               "\nChecksums-Sha256:\n " + sha256(content) + " " + std::to_string(content.size()) + " " +
               file + "\nDirectory: pool/main/z/zlib\n\n";
    }

    /// Serves a suite whose Sources index has this text.
    void serve_suite(const std::string& base, const std::string& suite, const std::string& sources,
                     const std::string& extra = "", const std::string& signer = "archive@example") {
        write_file(work_.path() / "Sources", sources);
        run_command_checked({.arguments = {"xz", "-kf", (work_.path() / "Sources").string()}});
        const std::string index = read_file(work_.path() / "Sources.xz");
        const std::string release = "Origin: Debian\nSuite: some\nCodename: " + suite + "\n" + extra +
                                    "MD5Sum:\n 00 1 main/source/Sources.xz\nSHA256:\n " + sha256(index) +
                                    " " + std::to_string(index.size()) + " main/source/Sources.xz\n";
        server_.serve(base + "/dists/" + suite + "/InRelease",
                      gpg({"--local-user", signer, "--clearsign"}, release));
        server_.serve(base + "/dists/" + suite + "/main/source/Sources.xz", index);
    }

    recipe::Recipe zlib(const std::string& version, const std::string& content,
                        const std::string& more = "") {
        return make_recipe("zlib", "[[source]] # the archive\ndebian = { source = \"zlib\", file = \"zlib_" +
                                       version + ".orig.tar.gz\" }\nsha256 = \"" + sha256(content) + "\"\n" +
                                       more);
    }
    static PinnedFile pin(const recipe::Recipe& recipe) { return {recipe.name, recipe.sources.at(0)}; }
    void serve_pool(const std::string& version, const std::string& content) {
        server_.serve("/debian/pool/main/z/zlib/zlib_" + version + ".orig.tar.gz", content);
    }

    inline static TemporaryDirectory* keys_ = nullptr;
};

IndexedFile indexed(const std::string& file, const std::string& version) {
    return {file, version, crypto::hash_sha256(file), "bookworm"};
}

TEST(ChooseNewest, PrefersSameSeries) {
    const std::vector<IndexedFile> files{
        indexed("z_1.2.9.orig.tar.gz", "1.2.9-1"), indexed("z_1.2.11.orig.tar.xz", "1.2.11-1"),
        indexed("z_1.3.0.orig.tar.gz", "1.3.0-1"), indexed("z_1.2.12-1.debian.tar.xz", "1.2.12-1")};
    EXPECT_EQ(choose_newest("z_1.2.1.orig.tar.gz", files)->file, "z_1.2.11.orig.tar.xz");
    EXPECT_EQ(choose_newest("z_1.1.1.orig.tar.gz", files)->file, "z_1.3.0.orig.tar.gz");
    EXPECT_EQ(choose_newest("z_1.2.1-1.debian.tar.gz", files)->file, "z_1.2.12-1.debian.tar.xz");
    EXPECT_EQ(choose_newest("z_1.2.1_all.deb", files), std::nullopt);
    EXPECT_EQ(choose_newest("other_1.2.1.orig.tar.gz", files), std::nullopt);
}

TEST(ParsePackagesIndex, TakesPackagesOfTheSameSource) {
    const std::string text =
        "Package: linux-source-6.12\nSource: linux-6.12\nVersion: 6.12.9-1~deb12u1\nFilename: "
        "pool/updates/main/l/linux-6.12/linux-source-6.12_6.12.9-1~deb12u1_all.deb\nSHA256: " +
        std::string(64, 'a') +
        "\n\nPackage: linux-source-6.12\nSource: linux (6.12.9-1)\nVersion: 6.12.9-1\nFilename: "
        "pool/x.deb\nSHA256: " +
        std::string(64, 'b') +
        "\n\nPackage: tiny\nVersion: 1\nFilename: pool/t/tiny_1_all.deb\nSHA256: " + std::string(64, 'c') +
        "\n";
    const auto files = parse_packages_index(text, "linux-source-6.12", "linux-6.12", "bookworm");
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].file, "linux-source-6.12_6.12.9-1~deb12u1_all.deb");
    EXPECT_EQ(parse_packages_index(text, "tiny", "tiny", "bookworm").size(), 1u);
}

TEST_F(MovedPinTest, FindsNewestInSignedIndexes) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1:1.3.1-1", "zlib_1.3.1.orig.tar.gz", "one"));
    serve_suite("/debian-security", "bookworm-security",
                source_stanza("other", "9-1", "zlib_9.orig.tar.gz", "other") +
                    source_stanza("zlib", "1:1.3.2-1", "zlib_1.3.2.orig.tar.gz", "two"));
    const auto newest = find_newest(pin(zlib("1.3.0", "old")), environment_);
    ASSERT_TRUE(newest);
    EXPECT_EQ(*newest, (IndexedFile{"zlib_1.3.2.orig.tar.gz", "1:1.3.2-1", crypto::hash_sha256("two"),
                                    "bookworm-security"}));
}

TEST_F(MovedPinTest, ErrorNamesNewestAndCommand) {
    serve_suite("/debian", "trixie", source_stanza("zlib", "1:1.3.1-1", "zlib_1.3.1.orig.tar.gz", "one"));
    const std::string report = report_of([&] { fetch_file(pin(zlib("1.3.0", "old")), environment_); });
    EXPECT_EQ(report,
              "cannot fetch source of 'zlib': no mirror has 'zlib_1.3.0.orig.tar.gz' (any more)\n"
              "  newest: zlib_1.3.1.orig.tar.gz (in trixie)\n"
              "hint: run 'cairn sources update zlib' to move the pin");
}

TEST_F(MovedPinTest, ErrorStandsWithoutIndexes) {
    EXPECT_THAT(
        report_of([&] { fetch_file(pin(zlib("1.3.0", "old")), environment_); }),
        AllOf(HasSubstr("no mirror has 'zlib_1.3.0.orig.tar.gz'"), HasSubstr("cairn sources update zlib")));
}

TEST_F(MovedPinTest, BelievesNoOtherSigner) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1", "zlib_1.3.1.orig.tar.gz", "one"), "",
                "stranger@example");
    EXPECT_THROW(find_newest(pin(zlib("1.3.0", "old")), environment_), VerifyError);
}

TEST_F(MovedPinTest, BelievesNoUnsignedNorChangedRelease) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1", "zlib_1.3.1.orig.tar.gz", "one"));
    const auto text = net::find_text(
        transport_, {.url = server_.address("/debian/dists/bookworm/InRelease"), .proxy = ""}, 1 << 20);
    const fs::path keyring = environment_.debian_keyring;
    EXPECT_NO_THROW(verify_release(*text, "bookworm", keyring, {}));
    EXPECT_THROW(
        verify_release(replace_all(*text, "Origin: Debian", "Origin: Debiam"), "bookworm", keyring, {}),
        VerifyError);
    EXPECT_THROW(verify_release("Codename: bookworm\nSHA256:\n", "bookworm", keyring, {}), VerifyError);
    EXPECT_THROW(verify_release(*text, "trixie", keyring, {}), VerifyError) << "the index of another suite";
    const VerifiedRelease around = verify_release(
        "SHA256:\n " + std::string(64, '0') + " 1 main/source/Evil.xz\n" + *text, "bookworm", keyring, {});
    EXPECT_FALSE(around.indexes.contains("main/source/Evil.xz")) << "words outside of the signature";
}

TEST_F(MovedPinTest, BelievesNoIndexWithAnotherHash) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1", "zlib_1.3.1.orig.tar.gz", "one"));
    server_.serve("/debian/dists/bookworm/main/source/Sources.xz", "rubbish");
    EXPECT_THROW(find_newest(pin(zlib("1.3.0", "old")), environment_), VerifyError);
}

TEST_F(MovedPinTest, RefusesIndexPastItsDate) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1", "zlib_1.3.1.orig.tar.gz", "one"),
                "Valid-Until: Wed, 25 Nov 2020 22:17:41 UTC\n");
    EXPECT_THAT(report_of([&] { find_newest(pin(zlib("1.3.0", "old")), environment_); }),
                HasSubstr("valid until 2020-11-25"));
}

TEST_F(MovedPinTest, MovesPinInTextAndKeepsTheRest) {
    const std::string text =
        "# a recipe\n[package]\nversion = \"1.3.0\"\n\n[[source]]   # here\ndebian = { source = \"zlib\", "
        "file = "
        "\"zlib_1.3.0.orig.tar.gz\" }\nsha256 = \"" +
        std::string(64, 'A') + "\"   # checked\n";
    recipe::SourceSpec spec{.debian_file = "zlib_1.3.0.orig.tar.gz",
                            .sha256 = crypto::parse_hash(std::string(64, 'a'))};
    const IndexedFile newest{"zlib_1.3.2.orig.tar.gz", "1:1.3.2-1", crypto::parse_hash(std::string(64, 'b')),
                             "trixie"};
    EXPECT_EQ(move_pin_in_text(text, spec, newest),
              "# a recipe\n[package]\nversion = \"1.3.2\"\n\n[[source]]   # here\ndebian = { source = "
              "\"zlib\", file = "
              "\"zlib_1.3.2.orig.tar.gz\" }\nsha256 = \"" +
                  std::string(64, 'b') + "\"   # checked\n");
    spec.debian_file = "other";
    EXPECT_THROW(move_pin_in_text(text, spec, newest), Error);
}

TEST_F(MovedPinTest, FollowsPinsOnlyWhenAsked) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1:1.3.1-1", "zlib_1.3.1.orig.tar.gz", "new"));
    serve_pool("1.3.1", "new");
    recipe::Recipe recipe = zlib("1.3.0", "old");
    const recipe::Recipe before = recipe;
    recipe::Recipe* recipes[] = {&recipe};
    follow_vanished_pins(recipes, environment_);
    EXPECT_EQ(recipe.sources, before.sources);

    environment_.follows_pins = true;
    follow_vanished_pins(recipes, environment_);
    EXPECT_EQ(recipe.sources[0].debian_file, "zlib_1.3.1.orig.tar.gz");
    EXPECT_EQ(recipe.sources[0].sha256, crypto::hash_sha256("new"));
    EXPECT_THAT(
        notes_,
        ElementsAre(HasSubstr(
            "recipe 'zlib' pins 'zlib_1.3.0.orig.tar.gz', which is gone: taking 'zlib_1.3.1.orig.tar.gz'")));
    EXPECT_EQ(read_file(fetch_file(pin(recipe), environment_)), "new");
    EXPECT_THAT(read_file(before.directory / "recipe.toml"), HasSubstr("zlib_1.3.0")) << "in memory only";

    // The next run knows it without asking anybody.
    recipe = before;
    const std::size_t requests = server_.requests().size();
    environment_.is_offline = true;
    follow_vanished_pins(recipes, environment_);
    EXPECT_EQ(recipe.sources[0].debian_file, "zlib_1.3.1.orig.tar.gz");
    EXPECT_EQ(server_.requests().size(), requests);
}

TEST_F(MovedPinTest, FollowsNoPinThatIsThere) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1:1.3.1-1", "zlib_1.3.1.orig.tar.gz", "new"));
    serve_pool("1.3.0", "old");
    environment_.follows_pins = true;
    recipe::Recipe recipe = zlib("1.3.0", "old");
    recipe::Recipe* recipes[] = {&recipe};
    follow_vanished_pins(recipes, environment_);
    EXPECT_EQ(recipe.sources[0].debian_file, "zlib_1.3.0.orig.tar.gz");
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(MovedPinTest, FollowsToNoOtherSeries) {
    serve_suite("/debian", "bookworm", source_stanza("zlib", "1:1.4.0-1", "zlib_1.4.0.orig.tar.gz", "new"));
    serve_pool("1.4.0", "new");
    environment_.follows_pins = true;
    recipe::Recipe recipe = zlib("1.3.0", "old");
    recipe::Recipe* recipes[] = {&recipe};
    EXPECT_THAT(report_of([&] { follow_vanished_pins(recipes, environment_); }),
                HasSubstr("newest: zlib_1.4.0.orig.tar.gz"));
}

}  // namespace
}  // namespace cairn::source
