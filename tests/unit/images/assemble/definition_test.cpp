#include "images/assemble/definition.h"

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::assemble {
namespace {

using layout::Architecture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view base = R"(
version = "1.2.0"
date = "2026-11-20T10:20:30Z"
packages = ["musl", "busybox"]
packages_aarch64 = ["rpi"]
driver_groups = ["storage"]
[sizes]
root_mib = 256
)";

class Definition : public testing::Test {
  protected:
    void write(const std::string& name, std::string_view text) {
        write_file(directory_.path() / (name + ".toml"), text);
    }
    ImageDefinition read(std::string_view name, Architecture architecture = Architecture::x86_64) {
        return read_definition(directory_.path(), name, architecture);
    }
    std::string report(std::string_view name) {
        try {
            read(name);
        } catch (const UsageError& error) {
            return error.report();
        }
        return "no error";
    }
    TemporaryDirectory directory_;
};

TEST_F(Definition, HoldsWhatTheFileSays) {
    write("base", base);
    const ImageDefinition definition = read("base");
    EXPECT_EQ(definition.name, "base");
    EXPECT_EQ(definition.version, "1.2.0");
    EXPECT_EQ(definition.time, 1795170030u);
    EXPECT_THAT(definition.packages, ElementsAre("musl", "busybox"));
    EXPECT_EQ(definition.sizes, (layout::PartitionSizes{.root = 256 * layout::mebibyte}));
    EXPECT_THAT(read("base", Architecture::aarch64).packages, ElementsAre("musl", "busybox", "rpi"));
}

TEST_F(Definition, SettingsAreLaidOverThoseOfWhatIsExtended) {
    write("base", std::string(base) + "[settings.time]\nzone = \"UTC\"\nservers = [\"a\", \"b\"]\n");
    write("dev", "extends = \"base\"\n[settings]\ntime.servers = [\"c\"]\nlog.level = \"debug\"\n");
    EXPECT_EQ(read("dev").settings,
              Json::parse(R"({"time": {"zone": "UTC", "servers": ["c"]}, "log": {"level": "debug"}})"));
    write("dev", "extends = \"base\"\nsettings = 3\n");
    EXPECT_THAT(report("dev"), HasSubstr("'settings' must be a table"));
}

TEST_F(Definition, FirstBootSettingsAreSignedBySomebody) {
    EXPECT_THAT((write("a", std::string("first_boot = \"perhaps\"") + std::string(base)), report("a")),
                HasSubstr("'first_boot' must be"));
    EXPECT_THAT((write("a", std::string("first_boot = \"signed\"") + std::string(base)), report("a")),
                HasSubstr("'first_boot_key' is missing"));
    write("a",
          std::format("first_boot = \"signed\"\nfirst_boot_key = \"{}\"\n{}", std::string(64, 'a'), base));
    EXPECT_EQ(read("a").first_boot_key, std::string(64, 'a'));
}

TEST_F(Definition, ExtendingAddsAndRemoves) {
    write("base", base);
    write("dev",
          "extends = \"base\"\nadd_packages = [\"dropbear\", \"musl\"]\nremove_packages = [\"busybox\"]\n"
          "add_driver_groups_x86_64 = [\"network\"]\nversion = \"1.2.1\"\n");
    const ImageDefinition definition = read("dev");
    EXPECT_EQ(definition.name, "dev");
    EXPECT_EQ(definition.version, "1.2.1");
    EXPECT_EQ(definition.date, "2026-11-20T10:20:30Z");
    EXPECT_THAT(definition.packages, ElementsAre("musl", "dropbear"));
    EXPECT_THAT(definition.driver_groups, ElementsAre("storage", "network"));
    EXPECT_EQ(definition.sizes.root, 256 * layout::mebibyte);
    EXPECT_THAT(definition.files,
                ElementsAre(directory_.path() / "base.toml", directory_.path() / "dev.toml"));
}

TEST_F(Definition, MistakesNameTheirPlace) {
    write("a", std::string("pakages = [\"x\"]\n") + std::string(base));
    EXPECT_THAT(report("a"), HasSubstr("a.toml:1:1"));
    EXPECT_THAT(report("a"), HasSubstr("did you mean 'packages'?"));
    write("b", "version = \"v1\"\n");
    EXPECT_THAT(report("b"), HasSubstr("b.toml:1:"));
    write("c", "date = \"yesterday\"\n");
    EXPECT_THAT(report("c"), HasSubstr("'yesterday' is not a date"));
    write("d", std::string(base) + "esp_mib = 200\n");
    EXPECT_THAT(report("d"), HasSubstr("at least 260 MiB"));
    write("e", std::string(base) + "verity_mib = 1\n");
    EXPECT_THAT(report("e"), HasSubstr("hash tree of a full root"));
    write("f", "packages = [\"x\"]\ndate = \"2026-11-20T10:20:30Z\"\n");
    EXPECT_THAT(report("f"), HasSubstr("has no \"version\""));
    write("base", base);
    write("g", "extends = \"base\"\nremove_packages = [\"zlib\"]\n");
    EXPECT_THAT(report("g"), HasSubstr("'zlib' is not in \"packages\""));
}

TEST_F(Definition, UnknownNamesListTheKnown) {
    write("base", base);
    EXPECT_THAT(report("bsae"), HasSubstr("definitions: base"));
    EXPECT_THAT(report("../base"), HasSubstr("there is no image definition"));
}

TEST_F(Definition, CycleIsShown) {
    write("a", "extends = \"b\"\n");
    write("b", "extends = \"a\"\n");
    EXPECT_THAT(report("a"), HasSubstr("a -> b -> a"));
}

TEST(Date, OnlyUtcInWholeSecondsIsTaken) {
    EXPECT_EQ(parse_date("2000-01-01T00:00:00Z"), 946684800u);
    for (const char* text : {"", "2000-01-01", "2000-01-01T00:00:00+01:00", "2000-13-01T00:00:00Z",
                             "2000-02-30T00:00:00Z", "1970-01-01T00:00:00Z", "2000-01-01T24:00:00Z",
                             "2000-01-01T00:00:00z", "200a-01-01T00:00:00Z", "2000-01-01T00:00:-1Z"})
        EXPECT_THROW(parse_date(text), UsageError) << text;
}

}  // namespace
}  // namespace cairn::assemble
