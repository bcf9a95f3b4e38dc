#include <sys/stat.h>

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <print>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/store/store.h"
#include "tests/support/run_by.h"
#include "tests/system/running_machine.h"

namespace cairn::system_test {
namespace {

namespace fs = std::filesystem;

/// Recipes of the image that are built a second time. The others (the kernel among them) take too long to do
/// so each time: `cairn build-image --check` builds all of them.
const std::set<std::string> built_again = {"base-files", "zlib", "kmod", "cairn-services"};

/// The same bytes from another directory, another cache, another user, at another time.
class Reproducible : public support::RunByTest {
  protected:
    fs::path repository_ = CAIRN_SOURCE_DIR;
    fs::path first_cache_ = store::Store::default_root();
    fs::path clone_ = folder() / "elsewhere" / "clone";
    fs::path cache_ = folder() / "cache";
    fs::path keys_ = folder() / "keys";

    void copy_repository() const {
        const std::string files = run_command_checked(
            {.arguments = {"git", "-c", "safe.directory=*", "ls-files", "-z"}, .directory = repository_});
        for (const std::string& file : split(files, '\0')) {
            if (file.empty() || !fs::exists(repository_ / file)) continue;
            make_directories((clone_ / file).parent_path());
            fs::copy_file(repository_ / file, clone_ / file);
        }
    }

    /// A cache with the sources and all outputs but those that are to be built again, and no package.
    void make_cache() const {
        for (const char* directory : {"records", "outputs", "latest"}) make_directories(cache_ / directory);
        const store::Store first = store::Store::open(first_cache_);
        for (const fs::directory_entry& entry : fs::directory_iterator(first_cache_ / "records")) {
            const Json record = read_json(entry.path());
            const std::string output = record.at("output").get<std::string>();
            if (built_again.contains(record.at("recipe").get<std::string>())) continue;
            if (!fs::exists(first_cache_ / "outputs" / output)) continue;
            fs::copy_file(entry.path(), cache_ / "records" / entry.path().filename());
            if (!fs::exists(cache_ / "outputs" / output))
                link_tree(first_cache_ / "outputs" / output, cache_ / "outputs" / output);
        }
        link_tree(first_cache_ / "sources", cache_ / "sources");
    }

    static void link_tree(const fs::path& from, const fs::path& to) {
        if (run_command({.arguments = {"cp", "-al", from, to}}).status == 0) return;
        remove_tree(to);
        run_command_checked({.arguments = {"cp", "-a", from, to}});
    }

    void copy_keys() const {
        fs::copy(crypto::KeyDirectory::default_path(), keys_, fs::copy_options::recursive);
    }

    /// What the second build may write is the runner's; what both share stays as it is.
    void give_to_runner() const {
        struct stat status{};
        CHECK(::stat(folder().c_str(), &status) == 0);
        const std::string owner = std::format("{}:{}", status.st_uid, status.st_gid);
        run_command_checked({.arguments = {"chown", "-R", owner, clone_.parent_path(), keys_}});
        run_command_checked({.arguments = {"chown", owner, cache_, cache_ / "records", cache_ / "outputs",
                                           cache_ / "latest", cache_ / "sources"}});
    }

    std::string build() const {
        return act([&] {
            const CommandResult result = run_command(
                {.arguments = {CAIRN_PROGRAM, "build-image", "tiny", "--arch", "aarch64"},
                 .directory = clone_,
                 .environment = {"CAIRN_ROOT=" + clone_.string(), "CAIRN_CACHE=" + cache_.string(),
                                 "CAIRN_KEYS=" + keys_.string(), "HOME=" + folder().string()}});
            EXPECT_EQ(result.status, 0);
            return result.output + result.error;
        });
    }

    static void expect_same_files(const fs::path& first, const fs::path& second) {
        for (const fs::directory_entry& entry : fs::directory_iterator(second)) {
            const fs::path other = first / entry.path().filename();
            ASSERT_TRUE(fs::exists(other)) << other;
            EXPECT_EQ(crypto::hash_file_blake2b(entry.path()).to_hex(),
                      crypto::hash_file_blake2b(other).to_hex())
                << entry.path().filename();
        }
    }
};

TEST_P(Reproducible, Image) {
    copy_repository();
    make_cache();
    copy_keys();
    give_to_runner();
    const std::string said = build();
    for (const std::string& recipe : built_again)
        EXPECT_THAT(said, testing::HasSubstr(recipe + ": built in")) << "was not built again";

    expect_same_files(find_image_folder("tiny", layout::Architecture::aarch64),
                      clone_ / "out" / "tiny-aarch64");
    std::size_t packages = 0;
    for (const fs::directory_entry& directory : fs::directory_iterator(cache_ / "packages")) {
        expect_same_files(first_cache_ / "packages" / directory.path().filename(), directory.path());
        packages += static_cast<std::size_t>(
            std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
    }
    EXPECT_GT(packages, 10U);
    std::println("{} packages and all files of the image are the same", packages);
}

INSTANTIATE_TEST_SUITE_P(By, Reproducible, testing::Values(support::RunBy::ordinary_user),
                         [](const auto&) { return "OrdinaryUser_aarch64"; });

}  // namespace
}  // namespace cairn::system_test
