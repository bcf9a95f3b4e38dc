#include "installer/settings/files.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

class FilesTest : public ::testing::Test {
  protected:
    void add(const std::string& name, const std::string& target, const std::string& text) {
        write_file(work_.path() / (name + ".toml"),
                   std::format("format = 1\ntarget = \"{}\"\nescape = \"word\"\nmode = 0o600\n"
                               "services = [\"{}d\", \"watcher\"]\ntext = \"{}\"\n",
                               target, name, text));
    }
    Json effective(const char* document) { return verify_values(Json::parse(document), schema_).effective(); }
    std::vector<Template> read() { return read_templates(work_.path(), schema_); }

    TemporaryDirectory work_;
    Schema schema_ = example_schema();
};

TEST_F(FilesTest, AreAllPlannedAtABootAndNoServiceIs) {
    add("name", "etc/hostname", "{{ network.host_name }}");
    add("debug", "etc/a/debug", "{{ debug }}");
    EXPECT_EQ(plan_files(read(), nullptr, effective("{}")),
              (FilePlan{{{"etc/a/debug", 0600, "false"}, {"etc/hostname", 0600, "cairn"}}, {}}));
}

TEST_F(FilesTest, ArePlannedWhereTheirContentChanges) {
    add("name", "etc/hostname", "{{ network.host_name }}");
    add("debug", "etc/a/debug", "{{ debug }}");
    const Json before = effective("{}");
    EXPECT_EQ(plan_files(read(), &before, effective(R"({"debug": true, "motd": "x"})")),
              (FilePlan{{{"etc/a/debug", 0600, "true"}}, {"debugd", "watcher"}}));
    EXPECT_EQ(plan_files(read(), &before, effective(R"({"motd": "x"})")), FilePlan{});
}

TEST_F(FilesTest, AreWrittenWithTheirModes) {
    const TemporaryDirectory root;
    apply_files({{{"etc/a/debug", 0600, "true"}}, {}}, root.path());
    EXPECT_EQ(read_file(root.path() / "etc/a/debug"), "true");
    EXPECT_EQ(std::filesystem::status(root.path() / "etc/a/debug").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(FilesTest, AreMadeByOneTemplateEachFromSettingsThatThereAre) {
    add("one", "etc/x", "");
    EXPECT_EQ(read().size(), 1U);
    add("two", "etc/x", "");
    EXPECT_THROW(read(), UsageError);
    add("two", "etc/y", "{{ no.such }}");
    EXPECT_THROW(read(), UsageError);
}

}  // namespace
}  // namespace cairn::settings
