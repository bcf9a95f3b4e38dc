#include "pkg/repo/repository.h"

#include <array>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <print>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/page.h"
#include "pkg/repo/rotate.h"
#include "tests/unit/pkg/repo/repository_fixture.h"

namespace cairn::repo {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST_F(RepositoryTest, GivesWhatWasPublished) {
    const fs::path package = make_package("one");
    EXPECT_EQ(publish({package}).added.size(), 1U);
    EXPECT_EQ(download("packages/x86_64/one_1.0_x86_64.cpkg"), read_file(package));
    Repository repository = Repository::open(directory_);
    EXPECT_EQ(verify(repository).targets, 1U);
}

TEST_F(RepositoryTest, PublishingTheSameAgainWritesNothing) {
    const fs::path package = make_package("one");
    publish({package});
    const auto before = list_files(directory_);
    const PublishPlan plan = publish({package, package});
    EXPECT_TRUE(plan.added.empty());
    EXPECT_EQ(list_files(directory_), before);
    EXPECT_EQ(refresh(directory_), 2U);
}

TEST_F(RepositoryTest, SignsOnlyWhatChanged) {
    const auto before = list_files(directory_ / "metadata");
    publish({make_package("one")});
    EXPECT_EQ(list_files(directory_ / "metadata").size(), before.size() + 2);  // one bin, the snapshot
}

TEST_F(RepositoryTest, RefusesOtherContentUnderTheSameNameAndVersion) {
    publish({make_package("one")});
    const fs::path other = make_package("one", "other content");
    EXPECT_THAT(refusal_of([&] { publish({other}); }), HasSubstr("is published already, with other content"));
    const fs::path a = make_package("two", "a");
    const fs::path b = make_package("two", "b");
    EXPECT_THAT(refusal_of([&] { publish({a, b}); }), HasSubstr("with other content"));
    publish({make_package("one", "other content", "1.1")});
}

TEST_F(RepositoryTest, RefusesPackagesOfOthersAndDamagedOnes) {
    const fs::path package = make_package("one");
    signers_ = package::AllowedKeys({crypto::SecretKey::generate().public_key()});
    EXPECT_THAT(refusal_of([&] { publish({package}); }), HasSubstr("not allowed"));
    signers_ = package::AllowedKeys({cairn::testing::fixed_key().public_key()});
    fs::resize_file(package, fs::file_size(package) - 1);
    EXPECT_NE(refusal_of([&] { publish({package}); }), "");
    EXPECT_EQ(refresh(directory_), 1U);
}

TEST_F(RepositoryTest, ARepositoryNeedsAnEmptyDirectory) {
    EXPECT_THAT(refusal_of([&] { Repository::init(directory_, keys_, now); }),
                HasSubstr("not an empty directory"));
    EXPECT_THAT(refusal_of([&] { Repository::open(place_.path()); }), HasSubstr("there is no repository"));
}

/// Readers who come at any time, as fast as they can, while others publish.
TEST_F(RepositoryTest, MayBeginWithTheRootOfAnother) {
    const fs::path root = directory_ / "metadata/1.root.json";
    const fs::path second = place_.path() / "second";
    Repository::init(second, signers_of(keys_), sign_with(keys_), now + day, {.given = root});
    EXPECT_EQ(read_file(second / "metadata/1.root.json"), read_file(root));
    Repository repository = Repository::open(second);
    EXPECT_EQ(repository.root().expires, now + 365 * day);
    repo::refresh(repository, sign_with(keys_), now + 340 * day, {});
    EXPECT_EQ(repository.root().version, 2U);
}

TEST_F(RepositoryTest, BeginsWithNoRootOfOthersAndNoneThatHasExpired) {
    const fs::path root = directory_ / "metadata/1.root.json";
    const auto begin = [&](crypto::KeyDirectory& keys, tuf::Time time) {
        return refusal_of([&] {
            Repository::init(place_.path() / "second", signers_of(keys), sign_with(keys), time,
                             {.given = root});
        });
    };
    crypto::KeyDirectory others = make_keys("others");
    EXPECT_THAT(begin(others, now), HasSubstr("names other keys"));
    EXPECT_THAT(begin(keys_, now + 365 * day), HasSubstr("expired on"));
    EXPECT_FALSE(fs::exists(place_.path() / "second"));
}

TEST_F(RepositoryTest, ItsFirstRootMayHoldLonger) {
    const fs::path second = place_.path() / "second";
    Repository::init(second, signers_of(keys_), sign_with(keys_), now, {.lifetime = std::chrono::days(3650)});
    EXPECT_EQ(Repository::open(second).root().expires, now + 3650 * day);
}

TEST_F(RepositoryTest, ReadersDuringAPublishSeeTheOldOrTheNew) {
    std::vector<fs::path> packages;
    for (int index = 0; index < 12; ++index)
        packages.push_back(make_package(std::format("package{}", index)));
    std::atomic<bool> is_over = false;
    std::atomic<unsigned> reads = 0;
    std::string problem;
    std::thread reader([&] {
        while (!is_over) {
            if (problem = refusal_of([&] { refresh(directory_); }); !problem.empty()) return;
            ++reads;
        }
    });
    for (const fs::path& package : packages) publish({package});
    while (reads < 5 && problem.empty()) std::this_thread::yield();
    is_over = true;
    reader.join();
    EXPECT_EQ(problem, "");
    std::println("{} reads beside {} publishes", reads.load(), packages.size());
}

/// The maker's machine stops after any write: whoever reads then sees the old state whole, and the new one
/// once the timestamp is there. Each file appears whole, by a rename.
TEST_F(RepositoryTest, StoppedAfterAnyWriteItIsWholeForReaders) {
    publish({make_package("one")});
    const fs::path before = place_.path() / "before";
    fs::copy(directory_, before, fs::copy_options::recursive);
    const WriteOrder order(directory_, {"metadata", "targets/packages/x86_64"});
    publish({make_package("two"), make_package("three"), make_package("four")});
    const std::vector<std::string> writes = order.read();
    ASSERT_EQ(writes.size(), 3U + 3U + 1U + 1U);  // targets, bins, snapshot, timestamp
    EXPECT_EQ(writes.back(), "metadata/timestamp.json");
    for (std::size_t stop = 0; stop <= writes.size(); ++stop) {
        const fs::path stopped = place_.path() / std::format("stopped{}", stop);
        fs::copy(before, stopped, fs::copy_options::recursive);
        for (std::size_t index = 0; index < stop; ++index) {
            const fs::path file = stopped / writes[index];
            make_directories(file.parent_path());
            fs::copy_file(directory_ / writes[index], file, fs::copy_options::overwrite_existing);
        }
        fs::remove_all(state_);
        tuf::Client::init(read_file(directory_ / "metadata/1.root.json"), state_);
        EXPECT_EQ(refresh(stopped), stop == writes.size() ? 3U : 2U) << "stopped after " << stop;
        // And the maker goes on from there.
        Repository repository = Repository::open(stopped);
        const PublishPlan plan = plan_publish(repository, {.packages = {make_package("five")}}, signers_);
        repo::publish(repository, plan, sign_with(keys_), now);
        EXPECT_EQ(refresh(stopped), stop == writes.size() ? 4U : 3U);
    }
    std::println("stopped {} times", writes.size() + 1);
}

TEST_F(RepositoryTest, StatusTellsWhatMustBeSignedAgain) {
    Repository repository = Repository::open(directory_);
    const auto due = [&](tuf::Time time) {
        std::vector<std::string> roles;
        for (const RoleStatus& status : read_status(repository, time))
            if (status.is_due) roles.push_back(status.role);
        return roles;
    };
    EXPECT_TRUE(due(now).empty());
    EXPECT_TRUE(due(now + 10 * day).empty());
    EXPECT_EQ(due(now + 11 * day), (std::vector<std::string>{"timestamp", "snapshot"}));
    EXPECT_THAT(due(now + 140 * day), Contains("packages-00"));
    EXPECT_THAT(due(now + 280 * day), Contains("root"));
}

TEST_F(RepositoryTest, RefreshSignsWhatExpires) {
    publish({make_package("one")});
    EXPECT_THAT(refusal_of([&] { refresh(directory_, now + 15 * day); }), HasSubstr("expired"));
    for (const tuf::Time later : {15 * day, 170 * day, 360 * day}) {
        Repository repository = Repository::open(directory_);
        repo::refresh(repository, sign_with(keys_), now + later);
        for (const RoleStatus& status : read_status(repository, now + later))
            EXPECT_FALSE(status.is_due) << status.role;
    }
    EXPECT_NE(download("packages/x86_64/one_1.0_x86_64.cpkg", now + 361 * day), "");
}

TEST_F(RepositoryTest, ClientsFollowNewKeysOfEachRole) {
    publish({make_package("one")});
    for (const char* role : {"timestamp", "snapshot", "targets", "images", "root"}) {
        crypto::KeyDirectory new_keys = make_keys(role);
        {
            Repository repository = Repository::open(directory_);
            rotate(repository, role, keys_, new_keys, now);
        }
        EXPECT_NE(download("packages/x86_64/one_1.0_x86_64.cpkg"), "") << role;
        // Who keeps the former key can sign nothing: the next change needs the new one.
        {
            Repository again = Repository::open(directory_);
            again.renew(role);
            EXPECT_THAT(refusal_of([&] { again.commit(sign_with(keys_), now); }),
                        HasSubstr("none of the keys"))
                << role;
        }
        // Back to a repository whose keys are those of the tests.
        fs::remove_all(directory_);
        fs::remove_all(state_);
        fs::remove_all(place_.path() / "people");
        SetUp();
        publish({make_package("one")});
    }
}

TEST_F(RepositoryTest, ACopyForAStickHoldsLongerAndStandsAbove) {
    publish({make_package("one")});
    const fs::path copy = place_.path() / "stick" / "copy";
    export_copy(Repository::open(directory_), copy, sign_with(keys_), std::chrono::days(180), now);
    EXPECT_EQ(refresh(directory_), 2U);
    EXPECT_EQ(refresh(copy, now + 179 * day), 3U);
    EXPECT_EQ(list_files(copy / "targets"), list_files(directory_ / "targets"));
    EXPECT_THAT(refusal_of([&] {
                    export_copy(Repository::open(directory_), copy, sign_with(keys_), std::chrono::days(1),
                                now);
                }),
                HasSubstr("there already"));
    // One that is older than what the client knows.
    publish({make_package("two")});
    publish({make_package("three")});
    EXPECT_EQ(refresh(directory_), 4U);
    EXPECT_THAT(refusal_of([&] { refresh(copy); }), HasSubstr("rollback"));
}

TEST_F(RepositoryTest, VerifyFindsEveryDamagedOrMissingFile) {
    publish({make_package("one"), make_package("two")});
    std::size_t tried = 0;
    for (const std::string& file : list_files(directory_)) {
        if (file == ".lock") continue;
        const std::string whole = read_file(directory_ / file);
        const bool is_current = file.starts_with("targets/") || !file.contains("1.packages-") ||
                                !fs::exists(directory_ / ("metadata/2" + file.substr(file.find("."))));
        if (!is_current || file == "metadata/1.snapshot.json") continue;
        std::string damaged = whole;
        damaged[damaged.size() / 2] ^= 1;
        write_file(directory_ / file, damaged);
        const auto check = [&] {
            Repository repository = Repository::open(directory_);
            verify(repository);
        };
        EXPECT_NE(refusal_of(check), "") << file;
        fs::remove(directory_ / file);
        EXPECT_NE(refusal_of(check), "") << file;
        write_file(directory_ / file, whole);
        ++tried;
    }
    EXPECT_GT(tried, 260U);
    Repository repository = Repository::open(directory_);
    verify(repository);
}

TEST_F(RepositoryTest, HasAPageThatEscapesWhatPackagesSay) {
    const auto make = [&](const std::string& version, std::vector<std::string> depends) {
        PackageBuilder builder("odd", version);
        builder.identity.summary = "<script>alert(\"x\")</script> & more";
        const fs::path file = place_.path() / std::format("odd-{}.cpkg", version);
        fs::copy_file(builder.depends(std::move(depends)).file("usr/share/odd", version).open().path(), file);
        return file;
    };
    publish({make("1.9", {"zlib"}), make("1.10", {"musl"})});
    Repository repository = Repository::open(directory_);
    const std::string page = make_page(repository);
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more"));
    EXPECT_THAT(page, HasSubstr("<td>1.10</td>"));  // versions are no decimal fractions
    EXPECT_THAT(page, HasSubstr("since 1.9: "));
    EXPECT_THAT(page, HasSubstr("needs now <code>musl</code>; no longer <code>zlib</code>"));
    EXPECT_THAT(page, HasSubstr("<h2>1 packages</h2>"));
}

TEST_F(RepositoryTest, ThePageHasASearchWhereScriptsRun) {
    if (!find_program("chromium")) GTEST_SKIP() << "chromium is not installed";
    publish({make_package("one"), make_package("two")});
    Repository repository = Repository::open(directory_);
    write_page(repository);
    EXPECT_THAT(read_file(directory_ / "index.html"), Not(HasSubstr("type=\"search\"")));
    const std::string seen = run_command_checked(
        {.arguments = {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                       "--user-data-dir=" + (place_.path() / "browser").string(),
                       "file://" + (directory_ / "index.html").string()}});
    EXPECT_THAT(seen, HasSubstr("type=\"search\""));
    EXPECT_THAT(seen, HasSubstr(">two</a>"));
}

}  // namespace
}  // namespace cairn::repo
