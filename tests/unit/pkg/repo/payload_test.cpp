#include "images/payload/image_json.h"
#include "pkg/base/json.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/mirror.h"
#include "pkg/repo/payload_files.h"
#include "tests/support/made_up_root.h"
#include "tests/unit/pkg/repo/repository_fixture.h"

namespace cairn::repo {
namespace {

using std::string_literals::operator""s;

const std::string target = "images/base/x86_64/1.0/image.json";

/// A repository with an image, and what devices fetch of it.
class PayloadTest : public RepositoryTest {
  protected:
    fs::path image_ = place_.path() / "image";
    fs::path targets_ = directory_ / "targets";
    payload::Payload payload_;

    void SetUp() override {
        RepositoryTest::SetUp();
        make_directories(image_);
        payload_ = testing::make_payload_of(testing::make_root(300, 1), image_);
        make_directories(targets_);
        fs::copy(image_ / "payload", targets_ / "payload");
        write_file(image_ / "boot.json", "{}");
        write_file(image_ / "sbom.spdx.json", "{}");
        write_manifest();
    }
    void write_manifest(const std::string& other = "") const {
        Json files{{"base_1.0.efi", std::string(64, 'a')}};
        for (const char* const name : {"boot.json", "sbom.spdx.json"})
            files[name] = crypto::hash_file_sha256(image_ / name).to_hex();
        Json manifest{{"name", "base"},
                      {"version", "1.0"},
                      {"architecture", "x86_64"},
                      {"date", "2026-11-20T00:00:00Z"},
                      {"development_keys", false},
                      {"version_floor", "0.9"},
                      {"settings_format", 1},
                      {"root_hash", payload_.root_hash.to_hex()},
                      {"root_size", payload_.data_blocks * 4096},
                      {"verity_size", payload_.tree_size + 4096},
                      {"boot_file_size", 5000},
                      {"files", files},
                      {"packages", {{{"name", "musl"}, {"version", "1.2.5"}}}}};
        manifest.erase(other);
        write_file(image_ / "manifest.json", format_json(manifest));
    }
    void publish_image(const Json& payload) {
        Repository repository = Repository::open(directory_);
        const PublishPlan plan =
            plan_publish(repository, {.images = {{.path = image_, .payload = payload}}}, signers_);
        repo::publish(repository, plan, sign_with(keys_), now);
    }
    void publish_image() { publish_image(payload::to_json(payload_)); }
    fs::path file(const fs::path& targets, std::string_view ending) const {
        return targets / "payload" / (payload_.root_hash.to_hex() + std::string(ending));
    }
    std::string verify_refusal() const {
        return refusal_of([&] {
            Repository repository = Repository::open(directory_);
            verify(repository);
        });
    }
    MirrorResult mirror_to(const fs::path& copy) const {
        net::FileTransport transport;
        return mirror({.metadata_url = "file://" + (directory_ / "metadata").string(),
                       .targets_url = "file://" + targets_.string(),
                       .directory = copy,
                       .trusted_root = read_file(directory_ / "metadata/1.root.json"),
                       .now = now},
                      transport);
    }
};

TEST_F(PayloadTest, ADeviceReadsItOutOfTheSignedImageJson) {
    publish_image();
    const payload::ImageDescription image =
        payload::parse_image(parse_json(download(target), target), target);
    EXPECT_EQ(image.payload, payload_);
    EXPECT_EQ(image.version_floor, "0.9");
    EXPECT_EQ(image.boot_file.size, 5000U);
    EXPECT_EQ(image.packages, (std::vector<payload::ImagePackage>{{"musl", "1.2.5"}}));
    EXPECT_EQ(download("images/base/x86_64/1.0/boot.json"), "{}");
    EXPECT_EQ(verify_refusal(), "");
}

TEST_F(PayloadTest, AnImageMayBeWithoutOne) {
    publish_image(nullptr);
    EXPECT_FALSE(parse_json(download(target), target).contains("payload"));
    EXPECT_EQ(verify_refusal(), "");
}

TEST_F(PayloadTest, AFolderOfAnOlderBuildImageIsRefusedInTheseWords) {
    write_manifest("boot_file_size");
    EXPECT_THAT(refusal_of([&] { publish_image(); }), HasSubstr("was built by an older cairn"));
}

TEST_F(PayloadTest, TheFilesOfAFolderMustBelongTogether) {
    write_file(image_ / "boot.json", "{ }");
    EXPECT_THAT(refusal_of([&] { publish_image(); }), HasSubstr("is not the file that 'manifest.json'"));
}

TEST_F(PayloadTest, DoesNotComeLaterToAVersionThatDevicesKnowWithoutIt) {
    publish_image(nullptr);
    try {
        publish_image();
        FAIL();
    } catch (const UsageError& error) {
        EXPECT_EQ(error.details().back(), std::pair("they differ in"s, "payload"s));
        EXPECT_THAT(error.hint(), HasSubstr("published without what devices fetch"));
        EXPECT_THAT(error.hint(), HasSubstr("a new version"));
    }
}

TEST_F(PayloadTest, IsNotPublishedBeforeItIsThere) {
    for (const char* ending : {".tree", ".frames", ".frames.idx"}) {
        fs::rename(file(targets_, ending), place_.path() / "away");
        EXPECT_THAT(refusal_of([&] { publish_image(); }), HasSubstr("it is not there")) << ending;
        fs::rename(place_.path() / "away", file(targets_, ending));
    }
    publish_image();
}

TEST_F(PayloadTest, VerifySeesWhatIsMissingOrChanged) {
    publish_image();
    for (const char* ending : {".tree", ".frames"}) {
        const std::string whole = read_file(file(targets_, ending));
        write_file(file(targets_, ending), whole.substr(1));
        EXPECT_THAT(verify_refusal(), HasSubstr("bytes instead of")) << ending;
        write_file(file(targets_, ending), whole);
    }
    std::string index = read_file(file(targets_, ".frames.idx"));
    index.back() ^= 1;
    write_file(file(targets_, ".frames.idx"), index);
    EXPECT_THAT(verify_refusal(), HasSubstr("its SHA-256 is another"));
}

TEST_F(PayloadTest, MirrorsHaveIt) {
    publish_image();
    const fs::path copy = place_.path() / "copy";
    const MirrorResult first = mirror_to(copy);
    for (const char* ending : {".tree", ".frames", ".frames.idx"})
        EXPECT_TRUE(read_file(file(copy / "targets", ending)) == read_file(file(targets_, ending)));
    EXPECT_GT(first.fetched_bytes, payload_.tree_size + payload_.frames_size);
    EXPECT_EQ(mirror_to(copy).fetched_bytes, 0U);
}

TEST_F(PayloadTest, AMirrorWithoutItShowsNoReaderTheImage) {
    publish_image();
    fs::remove(file(targets_, ".frames"));
    const fs::path copy = place_.path() / "copy";
    EXPECT_THAT(refusal_of([&] { mirror_to(copy); }), HasSubstr("there is no such file"));
    EXPECT_FALSE(fs::exists(copy / "metadata/timestamp.json"));
}

TEST_F(PayloadTest, RefusesADescriptionThatIsNone) {
    Json image{{"root_hash", payload_.root_hash.to_hex()}, {"payload", payload::to_json(payload_)}};
    EXPECT_EQ(list_payload_files(image).size(), 3U);
    image["payload"]["tree_size"] = "many";
    EXPECT_THROW(list_payload_files(image), VerifyError);
    image["payload"] = 5;
    EXPECT_THROW(list_payload_files(image), VerifyError);
    EXPECT_TRUE(list_payload_files(Json::object()).empty());
}

}  // namespace
}  // namespace cairn::repo
