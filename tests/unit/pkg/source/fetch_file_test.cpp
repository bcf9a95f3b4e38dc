#include "pkg/source/fetch_file.h"

#include <sys/stat.h>

#include <thread>

#include "pkg/base/error.h"
#include "tests/unit/pkg/source/source_fixture.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FetchFileTest : public SourceFixture {
  protected:
    PinnedFile url_pin(const std::string& path, const std::string& content) {
        return {"zlib",
                {.name = "main",
                 .kind = recipe::SourceSpec::Kind::url,
                 .urls = {server_.address(path)},
                 .sha256 = crypto::hash_sha256(content)}};
    }
    PinnedFile debian_pin(const std::string& file, const std::string& content) {
        return {"zlib",
                {.name = "main",
                 .kind = recipe::SourceSpec::Kind::debian,
                 .debian_source = "zlib",
                 .debian_file = file,
                 .sha256 = crypto::hash_sha256(content)}};
    }
    fs::path cached(const std::string& content) const { return cache() / "sources" / sha256(content); }
    fs::path partial(const std::string& content) const { return cached(content).string() + ".part"; }
};

TEST_F(FetchFileTest, KeepsFileUnderItsHash) {
    server_.serve("/file.tar", "content");
    EXPECT_EQ(fetch_file(url_pin("/file.tar", "content"), environment_), cached("content"));
    EXPECT_EQ(read_file(cached("content")), "content");
    EXPECT_FALSE(fs::exists(partial("content")));
}

TEST_F(FetchFileTest, AsksNobodyForWhatIsInTheCache) {
    server_.serve("/file.tar", "content");
    fetch_file(url_pin("/file.tar", "content"), environment_);
    environment_.is_offline = true;
    fetch_file(url_pin("/file.tar", "content"), environment_);
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(FetchFileTest, FetchesDamagedCacheEntryAgain) {
    server_.serve("/file.tar", "content");
    const PinnedFile pin = url_pin("/file.tar", "content");
    fetch_file(pin, environment_);
    ::chmod(cached("content").c_str(), 0644);
    write_file(cached("content"), "contend");
    fetch_file(pin, environment_);
    EXPECT_EQ(read_file(cached("content")), "content");
    EXPECT_THAT(notes_, ElementsAre(HasSubstr("damaged")));
}

TEST_F(FetchFileTest, SaysExactlyWhichHashDoesNotMatch) {
    server_.serve("/zlib-1.tar", "other bytes");
    const std::string report =
        report_of([&] { fetch_file(url_pin("/zlib-1.tar", "content"), environment_); });
    const std::string rejected = (cache() / "sources/rejected/zlib-1.tar").string();
    EXPECT_EQ(report,
              "cannot use source of 'zlib': hash does not match\n"
              "  file:     " +
                  rejected +
                  "\n"
                  "  expected: sha256:" +
                  sha256("content") +
                  "\n"
                  "  found:    sha256:" +
                  sha256("other bytes") +
                  "\n"
                  "  while fetching source 'main' of recipe 'zlib'\n"
                  "hint: if the new source is right, change \"sha256\" in recipes/zlib/recipe.toml");
    EXPECT_EQ(read_file(rejected), "other bytes");
    EXPECT_FALSE(fs::exists(cached("content")));
    EXPECT_THROW(fetch_file(url_pin("/zlib-1.tar", "content"), environment_), VerifyError) << "and again";
}

TEST_F(FetchFileTest, TakesNextAddressAfterWrongBytesAndErrors) {
    server_.serve("/wrong", "wrong");
    server_.serve("/broken", {.content = "", .status = 500});
    server_.serve("/right", "content");
    PinnedFile pin = url_pin("/wrong", "content");
    pin.spec.urls = {server_.address("/missing"), server_.address("/wrong"), server_.address("/broken"),
                     server_.address("/right")};
    EXPECT_EQ(read_file(fetch_file(pin, environment_)), "content");
}

TEST_F(FetchFileTest, GoesOnWithWhatAnEarlierRunLeft) {
    server_.serve("/file", "0123456789");
    make_directories(cache() / "sources");
    write_file(partial("0123456789"), "0123");
    EXPECT_EQ(read_file(fetch_file(url_pin("/file", "0123456789"), environment_)), "0123456789");
    EXPECT_THAT(server_.requests(), ElementsAre("GET /file bytes=4-"));
}

TEST_F(FetchFileTest, FinishesWholeFileThatLacksOnlyItsName) {
    server_.serve("/file", "0123456789");
    make_directories(cache() / "sources");
    write_file(partial("0123456789"), "0123456789");
    EXPECT_EQ(read_file(fetch_file(url_pin("/file", "0123456789"), environment_)), "0123456789");
}

TEST_F(FetchFileTest, StartsAgainWhenWhatWasLeftIsOfOtherBytes) {
    server_.serve("/file", "0123456789");
    make_directories(cache() / "sources");
    for (const char* left : {"xxxx", "longer than the file ever was"}) {
        fs::remove(cached("0123456789"));
        write_file(partial("0123456789"), left);
        EXPECT_EQ(read_file(fetch_file(url_pin("/file", "0123456789"), environment_)), "0123456789") << left;
    }
}

TEST_F(FetchFileTest, KeepsWhatArrivedBeforeTheConnectionBroke) {
    const std::string content(100'000, 'x');
    server_.serve("/file", {.content = content,
                            .cuts = 99,
                            .cut_after = 40'000,
                            .content_after_cut = std::string(100'000, 'y')});
    EXPECT_THROW(fetch_file(url_pin("/file", content), environment_), NetworkError);
    EXPECT_EQ(fs::file_size(partial(content)), 40'000u);
}

TEST_F(FetchFileTest, TriesPoolThenSecurityPool) {
    server_.serve("/debian-security/pool/updates/main/z/zlib/zlib_1.3%2bx.orig.tar.gz", "content");
    EXPECT_EQ(read_file(fetch_file(debian_pin("zlib_1.3+x.orig.tar.gz", "content"), environment_)),
              "content");
    EXPECT_THAT(server_.requests(),
                ElementsAre("GET /debian/pool/main/z/zlib/zlib_1.3%2bx.orig.tar.gz",
                            "GET /debian-security/pool/updates/main/z/zlib/zlib_1.3%2bx.orig.tar.gz"));
}

TEST_F(FetchFileTest, PrefersSourceMirror) {
    server_.serve("/file", "content");
    const fs::path mirror = work_.path() / "mirror";
    make_directories(mirror);
    write_file(mirror / sha256("content"), "content");
    environment_.mirror = mirror.string();
    EXPECT_EQ(read_file(fetch_file(url_pin("/file", "content"), environment_)), "content");
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FetchFileTest, AsksSourceMirrorByAddress) {
    server_.serve("/mirror/" + sha256("content"), "content");
    environment_.mirror = server_.address("/mirror");
    EXPECT_EQ(read_file(fetch_file(url_pin("/nowhere", "content"), environment_)), "content");
}

TEST_F(FetchFileTest, GoesOnWhenSourceMirrorHasWrongBytes) {
    server_.serve("/file", "content");
    make_directories(work_.path() / "mirror");
    write_file(work_.path() / "mirror" / sha256("content"), "rubbish");
    environment_.mirror = (work_.path() / "mirror").string();
    EXPECT_EQ(read_file(fetch_file(url_pin("/file", "content"), environment_)), "content");
}

TEST_F(FetchFileTest, UsesNoNetworkWhenOffline) {
    server_.serve("/file", "content");
    environment_.is_offline = true;
    EXPECT_THAT(report_of([&] { fetch_file(url_pin("/file", "content"), environment_); }),
                HasSubstr("it is not in the cache, and the network must not be used"));
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(FetchFileTest, NamesEveryPlaceThatCouldNotBeAsked) {
    PinnedFile pin = url_pin("/file", "content");
    pin.spec.urls = {"http://127.0.0.1:1/file"};
    EXPECT_THAT(report_of([&] { fetch_file(pin, environment_); }),
                AllOf(HasSubstr("no place could give 'file'"), HasSubstr("tried: "),
                      HasSubstr("http://127.0.0.1:1/file")));
}

TEST_F(FetchFileTest, FetchesManyAtOnceEachOnce) {
    std::vector<PinnedFile> pins;
    for (int i = 0; i < 20; ++i) {
        const std::string path = "/file" + std::to_string(i);
        server_.serve(path, path + " content");
        pins.push_back(url_pin(path, path + " content"));
    }
    fetch_files(pins, environment_);
    fetch_files(pins, environment_);
    EXPECT_EQ(server_.requests().size(), 20u);
}

TEST_F(FetchFileTest, FailsWhenOneOfManyFails) {
    server_.serve("/a", "a");
    EXPECT_THROW(fetch_files(std::vector{url_pin("/a", "a"), url_pin("/b", "b")}, environment_), Error);
}

TEST_F(FetchFileTest, EndsWhenStopped) {
    server_.serve("/file", std::string(1'000'000, 'x'));
    const std::atomic<bool> stop = true;
    environment_.stop = &stop;
    EXPECT_THROW(fetch_file(url_pin("/file", std::string(1'000'000, 'x')), environment_), CommandError);
}

TEST_F(FetchFileTest, TwoRunsAtOnceFetchOnce) {
    server_.serve("/file", {.content = "content", .pause = std::chrono::milliseconds(200)});
    const PinnedFile pin = url_pin("/file", "content");
    std::thread other([&] { fetch_file(pin, environment_); });
    fetch_file(pin, environment_);
    other.join();
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(FetchFileTest, ListsEachPinOnce) {
    const std::string source = serve_url("/file", "content");
    const std::vector<recipe::Recipe> recipes{make_recipe("a", source), make_recipe("b", source)};
    const std::vector<PinnedFile> pins = list_pinned_files(recipes);
    ASSERT_EQ(pins.size(), 1u);
    EXPECT_EQ(pins[0].recipe, "a");
    EXPECT_EQ(pins[0].file_name(), "file");
}

}  // namespace
}  // namespace cairn::source
