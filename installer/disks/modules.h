#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Kernel modules by modalias, from the text files that depmod writes: modules.alias says which module drives
/// a device, modules.dep which others it needs. Small enough for the first process; the running system uses
/// kmod.
namespace cairn::disks {

class ModuleIndex {
  public:
    /// `dependencies` is the text of modules.dep, `aliases` of modules.alias, `soft_dependencies` of
    /// modules.softdep (only "pre:" counts). Lines of other forms are skipped.
    static ModuleIndex parse(std::string_view dependencies, std::string_view aliases,
                             std::string_view soft_dependencies);
    /// Reads /usr/lib/modules/<release>; without such a directory the index is empty.
    static ModuleIndex read(const std::filesystem::path& directory);

    bool is_empty() const { return modules_.empty(); }
    /// Names of the modules for a device, sorted. `-` and `_` are the same in module names.
    std::vector<std::string> find_modules(std::string_view modalias) const;
    /// The files to load for a module, in order, relative to the directory. Empty when the index does not
    /// have it.
    std::vector<std::string> plan_load(std::string_view module) const;

  private:
    struct Module {
        std::string file;
        std::vector<std::string> needs = {};   // files, as in modules.dep: nearest first
        std::vector<std::string> before = {};  // names of modules from softdep
    };
    struct Alias {
        std::string pattern;
        std::size_t literal_length = 0;  // characters before the first wildcard
        std::string module;
    };

    void add_files(std::string_view module, std::vector<std::string>& files,
                   std::set<std::string>& seen) const;

    std::map<std::string, Module, std::less<>> modules_;
    std::map<std::string, std::vector<Alias>, std::less<>> aliases_by_bus_;  // key: text before the first ':'
};

/// What became of one module file.
enum class LoadResult { loaded, already_there, no_such_file };

/// Gives a module file to the kernel. Throws SystemError when the kernel refuses it.
LoadResult load_module(const std::filesystem::path& file);

/// The modaliases of all devices under `sys`/devices, without duplicates.
std::set<std::string> read_modaliases(const std::filesystem::path& sys = "/sys");

}  // namespace cairn::disks
