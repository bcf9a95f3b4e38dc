#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

/// What this machine's package manager (dpkg) says of the tools and development files that builds use.
namespace cairn::sandbox {

/// Answers are kept in a cache file together with the state of dpkg's database that they were found in, so
/// that asking again costs one small file. A missing, foreign or damaged cache file is made anew. Safe to use
/// from several threads and, through several objects, from several processes.
class HostPackages {
  public:
    /// `admin`: dpkg's database; another one in tests. `root`: where tools are looked for.
    explicit HostPackages(std::filesystem::path cache_file, std::filesystem::path admin = "/var/lib/dpkg",
                          std::filesystem::path root = "/");

    /// The toolchain as a recipe's build sees it: "package=version" of the compiler, of each tool's owner and
    /// of `debian`, sorted, each once. Throws UsageError for a tool that is missing or that no package owns,
    /// and for a package that is not installed.
    std::vector<std::string> tool_packages(std::span<const std::string> tools,
                                           std::span<const std::string> debian);

    /// Names of the packages that the tools' names lead through, sorted, each once. Throws like
    /// tool_packages.
    std::vector<std::string> tool_owners(std::span<const std::string> tools);

    /// The absolute paths that an installed package put on this machine. Throws UsageError when it is not
    /// installed.
    std::vector<std::string> package_files(const std::string& package) const;

  private:
    using Packages = std::map<std::string, std::string>;  // name -> version

    std::map<std::string, Packages> find_tools(std::span<const std::string> tools);
    Packages find_versions(std::span<const std::string> packages);
    void load();
    void save() const;

    std::filesystem::path cache_file_;
    std::filesystem::path admin_;
    std::filesystem::path root_;
    std::mutex mutex_;
    std::string state_;                      // of dpkg's database, when the answers were found
    std::map<std::string, Packages> tools_;  // by command name
    Packages versions_;                      // of packages asked for by name
};

}  // namespace cairn::sandbox
