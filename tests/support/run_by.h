#pragma once

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "pkg/base/files.h"

/// Tests that run once by root and once by an ordinary user.
namespace cairn::support {

enum class RunBy { root, ordinary_user };

/// Started by root, the ordinary user's part happens in children that give up their rights; started by an
/// ordinary user, root's part is skipped.
class RunByTest : public testing::TestWithParam<RunBy> {
  protected:
    void SetUp() override;

    /// Carries out `work` as the user whom the test is for, and gives its text back. Failed expectations in
    /// it fail the test.
    std::string act(const std::function<std::string()>& work) const;
    /// Makes the calling process, a child of the test, that user.
    void become_runner() const;

    /// A fresh folder of that user's.
    std::filesystem::path folder() const { return folder_.path(); }

  private:
    bool needs_change() const;

    TemporaryDirectory folder_{"/tmp", "cairn-test"};
};

}  // namespace cairn::support

/// Makes both variants of every test of a fixture derived from RunByTest.
#define CAIRN_RUN_BY_SUITE(Suite)                                                                      \
    INSTANTIATE_TEST_SUITE_P(                                                                          \
        By, Suite, testing::Values(cairn::support::RunBy::root, cairn::support::RunBy::ordinary_user), \
        [](const auto& info) {                                                                         \
            return info.param == cairn::support::RunBy::root ? "Root" : "OrdinaryUser";                \
        })
