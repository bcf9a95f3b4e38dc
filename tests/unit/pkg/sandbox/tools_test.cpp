#include "pkg/sandbox/tools.h"

#include <algorithm>
#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::sandbox {
namespace {

namespace fs = std::filesystem;

/// A made-up machine that has the base set and LLVM.
class Tools : public testing::Test {
  protected:
    void SetUp() override {
        for (std::string_view tool : base_tools()) add_file(fs::path("usr/bin") / tool);
        for (const char* name :
             {"clang",          "clang++",       "clang-cpp",    "ld.lld",         "lld",
              "llvm-addr2line", "llvm-ar",       "llvm-as",      "llvm-config",    "llvm-cov",
              "llvm-cxxfilt",   "llvm-dis",      "llvm-dlltool", "llvm-dwarfdump", "llvm-dwp",
              "llvm-lib",       "llvm-link",     "llvm-mc",      "llvm-nm",        "llvm-objcopy",
              "llvm-objdump",   "llvm-profdata", "llvm-ranlib",  "llvm-readelf",   "llvm-readobj",
              "llvm-size",      "llvm-strings",  "llvm-strip",   "llvm-symbolizer"})
            add_file(fs::path("usr/lib/llvm-19/bin") / name);
        make_directories(root() / "etc/alternatives");
    }

    fs::path root() const { return folder_.path(); }
    ToolFolders folders() const { return {root()}; }
    void add_file(const fs::path& path) const {
        make_directories((root() / path).parent_path());
        write_file(root() / path, "", 0755);
    }
    void add_link(const fs::path& path, const std::string& content) const {
        fs::remove(root() / path);
        fs::create_symlink(content, root() / path);
    }
    ToolEntry entry(const std::string& name, const std::vector<std::string>& tools) const {
        for (const ToolEntry& entry : plan_tools(tools, folders()))
            if (entry.name == name) return entry;
        return {};
    }

  private:
    TemporaryDirectory folder_;
};

TEST_F(Tools, MountsProgramsThatAreFiles) {
    add_file("usr/bin/perl");
    EXPECT_EQ(entry("perl", {"perl"}), (ToolEntry{"perl", "", "/usr/bin/perl"}));
    EXPECT_EQ(entry("perl", {}), ToolEntry{}) << "undeclared";
}

TEST_F(Tools, KeepsLinksAndBringsWhatTheyLeadTo) {
    add_file("usr/bin/python3.11");
    add_link("usr/bin/python3", "python3.11");
    EXPECT_EQ(entry("python3", {"python3"}), (ToolEntry{"python3", "python3.11", {}}));
    EXPECT_EQ(entry("python3.11", {"python3"}), (ToolEntry{"python3.11", "", "/usr/bin/python3.11"}));
}

TEST_F(Tools, FollowsAlternatives) {
    add_file("usr/bin/bison.yacc");
    add_link("usr/bin/yacc", "/etc/alternatives/yacc");
    add_link("etc/alternatives/yacc", "/usr/bin/bison.yacc");
    EXPECT_EQ(entry("yacc", {"yacc"}).link, "/etc/alternatives/yacc");
    EXPECT_EQ(entry("bison.yacc", {"yacc"}).host, "/usr/bin/bison.yacc");
    EXPECT_EQ(find_tool_chain("yacc", folders()),
              (std::vector<fs::path>{"/usr/bin/yacc", "/etc/alternatives/yacc", "/usr/bin/bison.yacc"}));
}

TEST_F(Tools, FollowsLinksOutOfTheFolder) {
    add_file("usr/lib/x/real");
    add_link("usr/bin/x", "../lib/x/real");
    EXPECT_EQ(entry("x", {"x"}), (ToolEntry{"x", "../lib/x/real", {}}));
    EXPECT_EQ(entry("real", {"x"}), ToolEntry{});
}

TEST_F(Tools, OffersProgramsOfSbinInBin) {
    add_file("usr/sbin/zic");
    EXPECT_EQ(entry("zic", {"zic"}), (ToolEntry{"zic", "", "/usr/sbin/zic"}));
}

TEST_F(Tools, FixesNamesThatDependOnTheHost) {
    add_link("usr/bin/awk", "/etc/alternatives/awk");
    add_link("etc/alternatives/awk", "/usr/bin/mawk");
    add_file("usr/bin/mawk");
    EXPECT_EQ(entry("awk", {"awk"}).link, "gawk");
    EXPECT_EQ(entry("mawk", {"awk"}), ToolEntry{});
    add_file("usr/bin/cc");
    EXPECT_EQ(entry("cc", {}).link, "/usr/lib/llvm-19/bin/clang");
    EXPECT_EQ(entry("clang-19", {}).link, "/usr/lib/llvm-19/bin/clang");
    EXPECT_EQ(entry("llvm-ar-19", {"llvm-ar-19"}).link, "/usr/lib/llvm-19/bin/llvm-ar");
}

TEST_F(Tools, NamesEveryMissingTool) {
    add_link("usr/bin/dangling", "nowhere");
    add_link("usr/bin/loop", "loop");
    fs::remove(root() / "usr/bin/make");
    const std::vector<std::string> tools{"bison", "dangling", "loop", "../bin/ls"};
    EXPECT_EQ(find_missing_tools(tools, folders()),
              (std::vector<std::string>{"../bin/ls", "bison", "dangling", "loop", "make"}));
    EXPECT_THROW(plan_tools(tools, folders()), UsageError);
}

TEST_F(Tools, HintsAtThePackage) {
    const std::vector<std::string> tools{"ninja"};
    try {
        plan_tools(tools, folders());
        FAIL();
    } catch (const UsageError& error) {
        EXPECT_EQ(error.message(), "cannot offer tool 'ninja' to a build: not on this machine");
        EXPECT_TRUE(error.hint().ends_with("apt-get install ninja-build")) << error.hint();
    }
}

TEST_F(Tools, AreSortedAndUnique) {
    const std::vector<std::string> tools{"make", "make", "sh"};
    const std::vector<ToolEntry> entries = plan_tools(tools, folders());
    EXPECT_TRUE(std::ranges::is_sorted(entries, {}, &ToolEntry::name));
    EXPECT_EQ(std::ranges::adjacent_find(entries, {}, &ToolEntry::name), entries.end());
}

}  // namespace
}  // namespace cairn::sandbox
