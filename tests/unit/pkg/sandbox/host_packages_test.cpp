#include "pkg/sandbox/host_packages.h"

#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::sandbox {
namespace {

namespace fs = std::filesystem;

/// A made-up package database with a few tools.
class HostPackagesTest : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* folder : {"dpkg/info", "root/usr/bin", "root/usr/lib/x", "root/etc/alternatives"})
            make_directories(folder_.path() / folder);
        for (const char* compiler :
             {"clang-19", "lld-19", "llvm-19", "libclang-common-19-dev", "libclang-cpp19", "libllvm19"})
            add_package(compiler, "1:19.1");
        add_tool("perl", "perl-base", "5.36");
    }

    void add_package(const std::string& name, const std::string& version, const std::string& list = "/.\n") {
        status_ += std::format(
            "Package: {}\nStatus: install ok installed\nArchitecture: all\nVersion: {}\n"
            "Description: x\n Version: not this one\n\n",
            name, version);
        write_file(admin() / "status", status_);
        write_file(admin() / "info" / (name + ".list"), list);
    }
    void add_tool(const std::string& tool, const std::string& package, const std::string& version) {
        write_file(root() / "usr/bin" / tool, "", 0755);
        add_package(package, version, std::format("/.\n/usr\n/usr/bin\n/usr/bin/{}\n", tool));
    }
    HostPackages open() const { return HostPackages(folder_.path() / "cache.json", admin(), root()); }
    std::vector<std::string> tool_packages(const std::vector<std::string>& tools,
                                           const std::vector<std::string>& debian = {}) const {
        std::vector<std::string> result = open().tool_packages(tools, debian);
        std::erase_if(result, [](const std::string& package) { return package.ends_with("=1:19.1"); });
        return result;
    }

    fs::path admin() const { return folder_.path() / "dpkg"; }
    fs::path root() const { return folder_.path() / "root"; }
    fs::path cache() const { return folder_.path() / "cache.json"; }

  private:
    TemporaryDirectory folder_;
    std::string status_;
};

TEST_F(HostPackagesTest, AlwaysNamesTheCompiler) {
    EXPECT_EQ(
        open().tool_packages({}, {}),
        (std::vector<std::string>{"clang-19=1:19.1", "libclang-common-19-dev=1:19.1", "libclang-cpp19=1:19.1",
                                  "libllvm19=1:19.1", "lld-19=1:19.1", "llvm-19=1:19.1"}));
}

TEST_F(HostPackagesTest, NamesTheOwnersOfToolsAndDeclaredPackages) {
    add_tool("bison", "bison", "2:3.8");
    add_package("libc6-dev", "2.36");
    EXPECT_EQ(tool_packages({"perl", "bison", "perl"}, {"libc6-dev"}),
              (std::vector<std::string>{"bison=2:3.8", "libc6-dev=2.36", "perl-base=5.36"}));
    HostPackages packages = open();
    EXPECT_EQ(packages.tool_owners(std::vector<std::string>{"bison"}), std::vector<std::string>{"bison"});
}

TEST_F(HostPackagesTest, NamesEveryOwnerThatALinkLeadsThrough) {
    add_tool("python3.11", "python3.11-minimal", "3.11.2");
    add_package("python3-minimal", "3.11", "/usr/bin/python3\n");
    fs::create_symlink("python3.11", root() / "usr/bin/python3");
    EXPECT_EQ(tool_packages({"python3"}),
              (std::vector<std::string>{"python3-minimal=3.11", "python3.11-minimal=3.11.2"}));
}

TEST_F(HostPackagesTest, KnowsPathsFromBeforeTheMergeOfUsr) {
    write_file(root() / "usr/bin/kmod", "", 0755);
    add_package("kmod", "30", "/bin/kmod\n");
    EXPECT_EQ(tool_packages({"kmod"}), std::vector<std::string>{"kmod=30"});
}

TEST_F(HostPackagesTest, RefusesToolsThatNoPackageOwns) {
    write_file(root() / "usr/bin/stray", "", 0755);
    EXPECT_THROW(tool_packages({"stray"}), UsageError);
    EXPECT_THROW(tool_packages({"absent"}), UsageError);
    EXPECT_THROW(tool_packages({}, {"absent-dev"}), UsageError);
}

TEST_F(HostPackagesTest, AnswersFromTheCacheWhileNothingChanged) {
    EXPECT_EQ(tool_packages({"perl"}), std::vector<std::string>{"perl-base=5.36"});
    fs::remove(admin() / "info/perl-base.list");
    EXPECT_EQ(tool_packages({"perl"}), std::vector<std::string>{"perl-base=5.36"});
}

TEST_F(HostPackagesTest, AsksAgainWhenAPackageChanged) {
    EXPECT_EQ(tool_packages({"perl"}), std::vector<std::string>{"perl-base=5.36"});
    std::string status = read_file(admin() / "status");
    status.replace(status.find("5.36"), 4, "5.40");
    replace_file(admin() / "status", status);
    EXPECT_EQ(tool_packages({"perl"}), std::vector<std::string>{"perl-base=5.40"});
}

TEST_F(HostPackagesTest, AsksAgainWhenAlternativesChanged) {
    add_tool("bison.yacc", "bison", "3.8");
    add_tool("byacc", "byacc", "2.0");
    fs::create_symlink("/etc/alternatives/yacc", root() / "usr/bin/yacc");
    fs::create_symlink("/usr/bin/byacc", root() / "etc/alternatives/yacc");
    EXPECT_EQ(tool_packages({"yacc"}), std::vector<std::string>{"byacc=2.0"});
    fs::remove(root() / "etc/alternatives/yacc");
    fs::create_symlink("/usr/bin/bison.yacc", root() / "etc/alternatives/yacc");
    EXPECT_EQ(tool_packages({"yacc"}), std::vector<std::string>{"bison=3.8"});
}

TEST_F(HostPackagesTest, MakesADamagedCacheAnew) {
    tool_packages({"perl"});
    for (const std::string damage :
         {"", "{", "[]", R"({"format":1})", R"({"format":1,"state":3,"tools":[]})"}) {
        write_file(cache(), damage);
        EXPECT_EQ(tool_packages({"perl"}), std::vector<std::string>{"perl-base=5.36"}) << damage;
    }
}

TEST_F(HostPackagesTest, GivesThePathsOfAPackage) {
    add_package("libx-dev", "1", "/.\n/usr\n/usr/include/x.h\n");
    EXPECT_EQ(open().package_files("libx-dev"), (std::vector<std::string>{"/.", "/usr", "/usr/include/x.h"}));
    EXPECT_THROW(open().package_files("absent"), UsageError);
}

}  // namespace
}  // namespace cairn::sandbox
