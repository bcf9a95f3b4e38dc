#include "installer/update/trusted_targets.h"

#include <sys/stat.h>

#include "pkg/base/text.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::update {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* image = "images/base/x86_64/2.0/image.json";

/// What was fetched lies in folders that whoever fetched may do anything to.
class TrustedTargetsTest : public ::testing::Test {
  protected:
    UpdateWorld world_;

    TrustFolders folders() { return world_.device().trust; }
    std::string read(const std::string& name = image) {
        return TrustedTargets(folders(), tuf::RepositoryMaker::now).read(name, 1 << 20);
    }
    std::string refusal() {
        try {
            read();
        } catch (const Error& error) {
            return error.report();
        }
        return {};
    }
    std::map<std::string, std::string> keep_received() {
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::directory_iterator(folders().received))
            files[entry.path().filename()] = read_file(entry.path());
        return files;
    }
    void put_back(const std::map<std::string, std::string>& files) {
        for (const auto& [name, text] : files) write_file(folders().received / name, text);
    }
    void next() {
        world_.publish_next();
        world_.fetch();
    }
};

TEST_F(TrustedTargetsTest, ReadsWhatIsSigned) {
    EXPECT_EQ(parse_json(read(), "image")["version"], "2.0");
}

TEST_F(TrustedTargetsTest, RefusesATargetThatChanged) {
    const std::string text = read_file(folders().targets / image);
    write_file(folders().targets / image, text + " ");
    EXPECT_THAT(refusal(), HasSubstr("image.json"));
    write_file(folders().targets / image, "x" + text.substr(1));
    EXPECT_THAT(refusal(), HasSubstr("image.json"));
}

TEST_F(TrustedTargetsTest, RefusesMetadataThatIsNotSigned) {
    const std::string text = read_file(folders().received / "images.json");
    write_file(folders().received / "images.json", replace_all(text, "2.0", "2.1"));
    EXPECT_NE(refusal(), "");
}

TEST_F(TrustedTargetsTest, NeverGoesBackBehindWhatItBelieved) {
    const auto old = keep_received();
    next();
    read();
    put_back(old);
    EXPECT_THAT(refusal(), HasSubstr("rollback"));
}

TEST_F(TrustedTargetsTest, TakesOldMetadataOnlyWhileItHolds) {
    const TrustFolders at = folders();
    EXPECT_THROW(TrustedTargets(at, tuf::RepositoryMaker::now + 31 * tuf::RepositoryMaker::day), VerifyError);
}

TEST_F(TrustedTargetsTest, FollowsTheRootsOneByOne) {
    read();
    for (const char* role : {"root", "timestamp"}) {
        tuf::RepositoryMaker& maker = world_.repository_;
        crypto::SecretKey* const old_key = maker.signers["root"].front();
        maker.rotate(role);
        ++maker.root.version;
        if (role == std::string("root")) maker.signers["root"].push_back(old_key);
        maker.publish_root();
        if (role == std::string("root")) maker.signers["root"].pop_back();
    }
    next();
    EXPECT_NE(read(), "");
    EXPECT_EQ(read_json(folders().state / "root.json")["signed"]["version"], 3);
    // Without one in between the newest is none that it can believe.
    fs::remove_all(folders().state);
    fs::remove(folders().received / "2.root.json");
    EXPECT_NE(refusal(), "");
}

TEST_F(TrustedTargetsTest, BeginsWithTheImagesRootWhenThatIsNewer) {
    read();
    tuf::RepositoryMaker& maker = world_.repository_;
    ++maker.root.version;
    maker.publish_root();
    write_file(folders().image_root, maker.sign(maker.root, "root"));
    read();
    EXPECT_EQ(read_json(folders().state / "root.json")["signed"]["version"], 2);
}

TEST_F(TrustedTargetsTest, ReadsNothingButFilesInTheFolders) {
    fs::remove(folders().targets / image);
    EXPECT_THAT(refusal(), HasSubstr("was not fetched"));
    fs::create_symlink("/etc/hostname", folders().targets / image);
    EXPECT_NE(refusal(), "");
    fs::remove(folders().targets / image);
    ASSERT_EQ(::mkfifo((folders().targets / image).c_str(), 0600), 0);
    EXPECT_THAT(refusal(), HasSubstr("is no file"));
    fs::remove(folders().received / "timestamp.json");
    fs::create_symlink("/etc/passwd", folders().received / "timestamp.json");
    EXPECT_THAT(refusal(), Not(HasSubstr("root:")));
    EXPECT_NE(refusal(), "");
}

}  // namespace
}  // namespace cairn::update
