#include "installer/stick/repository_search.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::stick {
namespace {

namespace fs = std::filesystem;

class RepositorySearch : public testing::Test {
  protected:
    void make_repository(const fs::path& folder) const {
        make_directories(top() / folder / "metadata");
        make_directories(top() / folder / "targets");
        write_file(top() / folder / "metadata/timestamp.json", "{}");
    }
    fs::path top() const { return directory_.path(); }
    auto find(std::uint64_t largest = largest_directory) const {
        return find_repository(Dir::open(top()), largest);
    }

  private:
    TemporaryDirectory directory_;
};

TEST_F(RepositorySearch, FindsOneAtTheTop) {
    make_repository("");
    EXPECT_EQ(find(), "");
}

TEST_F(RepositorySearch, FindsOneInItsFolder) {
    make_repository("cairn-repository");
    EXPECT_EQ(find(), "cairn-repository");
}

TEST_F(RepositorySearch, PrefersTheTop) {
    make_repository("cairn-repository");
    make_repository("");
    EXPECT_EQ(find(), "");
}

TEST_F(RepositorySearch, FindsNothingOnAnEmptyStickOrAmongOtherThings) {
    EXPECT_EQ(find(), std::nullopt);
    make_repository("holidays");
    write_file(top() / "metadata", "a file");
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(RepositorySearch, WantsAllOfIt) {
    for (const char* missing : {"metadata/timestamp.json", "metadata", "targets"}) {
        make_repository("");
        fs::remove_all(top() / missing);
        EXPECT_EQ(find(), std::nullopt) << missing;
    }
}

TEST_F(RepositorySearch, WantsTheRightKinds) {
    make_repository("");
    fs::remove(top() / "metadata/timestamp.json");
    ASSERT_EQ(mkfifo((top() / "metadata/timestamp.json").c_str(), 0644), 0);
    EXPECT_EQ(find(), std::nullopt);
    fs::remove(top() / "metadata/timestamp.json");
    fs::create_symlink("/etc/passwd", top() / "metadata/timestamp.json");
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(RepositorySearch, FollowsNoLinkToAFolder) {
    make_repository("elsewhere");
    fs::create_directory_symlink("elsewhere", top() / "cairn-repository");
    EXPECT_EQ(find(), std::nullopt);
    fs::remove(top() / "cairn-repository");
    make_directories(top() / "cairn-repository/targets");
    fs::create_directory_symlink("../elsewhere/metadata", top() / "cairn-repository/metadata");
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(RepositorySearch, RefusesDirectoriesThatAreTooLargeToLookThrough) {
    make_repository("");
    const auto size_of = [&](const char* path) {
        struct stat status = {};
        EXPECT_EQ(stat((top() / path).c_str(), &status), 0);
        return static_cast<std::uint64_t>(status.st_size);
    };
    for (int number = 0; number < 300; ++number)
        write_file(top() / "metadata" / (std::string(100, 'x') + std::to_string(number)), "");
    ASSERT_GT(size_of("metadata"), size_of("."));
    EXPECT_EQ(find(size_of("metadata")), "");
    try {
        find(size_of("metadata") - 1);
        FAIL() << "no refusal";
    } catch (const VerifyError& error) {
        EXPECT_EQ(error.message().find("its directory 'metadata' is larger than any repository's"), 0U);
    }
    EXPECT_THROW(find(1), VerifyError) << "the top itself";
}

}  // namespace
}  // namespace cairn::stick
