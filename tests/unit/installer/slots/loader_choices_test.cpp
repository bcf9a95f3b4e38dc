#include "installer/slots/loader_choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "installer/slots/loader_variables.h"
#include "pkg/base/dir.h"
#include "pkg/base/files.h"

namespace cairn::slots {
namespace {

TEST(LoaderChoices, AreRemovedAndNothingElse) {
    const TemporaryDirectory variables;
    const auto put = [&](const std::string& name) { write_file(variables.path() / name, "x"); };
    const std::string vendor = "-" + std::string(loader_vendor);
    put("LoaderEntryDefault" + vendor);
    put("LoaderEntryOneShot" + vendor);
    put("LoaderEntrySelected" + vendor);
    put("LoaderEntryDefault-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    EXPECT_THAT(remove_loader_choices(variables.path()),
                testing::ElementsAre("LoaderEntryDefault", "LoaderEntryOneShot"));
    EXPECT_THAT(Dir::open(variables.path()).names(""),
                testing::ElementsAre("LoaderEntryDefault-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                                     "LoaderEntrySelected" + vendor));
    EXPECT_TRUE(remove_loader_choices(variables.path() / "none").empty());
}

}  // namespace
}  // namespace cairn::slots
