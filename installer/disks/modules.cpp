#include "installer/disks/modules.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

namespace fs = std::filesystem;

std::string to_module_name(std::string_view text) {
    return replace_all(text, "-", "_");
}

/// "kernel/drivers/ata/ahci.ko" -> "ahci"
std::string to_module_name_of_file(std::string_view file) {
    const std::string_view last = file.substr(file.rfind('/') + 1);
    return to_module_name(last.substr(0, last.find('.')));
}

std::string to_bus(std::string_view modalias) {
    return std::string(modalias.substr(0, modalias.find(':')));
}

std::string read_text(const fs::path& path) {
    return find_file(path).value_or("");
}

}  // namespace

ModuleIndex ModuleIndex::parse(std::string_view dependencies, std::string_view aliases,
                               std::string_view soft_dependencies) {
    ModuleIndex index;
    for (const std::string& line : split(dependencies, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::string file = line.substr(0, colon);
        index.modules_[to_module_name_of_file(file)] = {
            file, split_words(std::string_view(line).substr(colon + 1))};
    }
    for (const std::string& line : split(aliases, '\n')) {
        const auto words = split_words(line);
        if (words.size() != 3 || words[0] != "alias" || !words[1].contains(':')) continue;
        const std::size_t literal = std::min(words[1].find_first_of("*?["), words[1].size());
        index.aliases_by_bus_[to_bus(words[1])].push_back({words[1], literal, to_module_name(words[2])});
    }
    for (const std::string& line : split(soft_dependencies, '\n')) {
        const auto words = split_words(line);
        if (words.size() < 3 || words[0] != "softdep") continue;
        const auto module = index.modules_.find(to_module_name(words[1]));
        if (module == index.modules_.end()) continue;
        bool is_before = false;
        for (const std::string& word : words) {
            if (word.ends_with(':'))
                is_before = word == "pre:";
            else if (is_before)
                module->second.before.push_back(to_module_name(word));
        }
    }
    return index;
}

ModuleIndex ModuleIndex::read(const fs::path& directory) {
    return parse(read_text(directory / "modules.dep"), read_text(directory / "modules.alias"),
                 read_text(directory / "modules.softdep"));
}

std::vector<std::string> ModuleIndex::find_modules(std::string_view modalias) const {
    const auto bus = aliases_by_bus_.find(to_bus(modalias));
    if (bus == aliases_by_bus_.end()) return {};
    const std::string whole(modalias);
    std::set<std::string> found;
    for (const Alias& alias : bus->second) {
        if (!modalias.starts_with(std::string_view(alias.pattern).substr(0, alias.literal_length))) continue;
        if (fnmatch(alias.pattern.c_str(), whole.c_str(), 0) == 0) found.insert(alias.module);
    }
    return {found.begin(), found.end()};
}

void ModuleIndex::add_files(std::string_view module, std::vector<std::string>& files,
                            std::set<std::string>& seen) const {
    const auto found = modules_.find(to_module_name(module));
    if (found == modules_.end() || !seen.insert(found->first).second) return;
    for (const std::string& name : found->second.before) add_files(name, files, seen);
    // depmod lists the nearest first; what is needed furthest down must be loaded first.
    for (auto need = found->second.needs.rbegin(); need != found->second.needs.rend(); ++need)
        add_files(to_module_name_of_file(*need), files, seen);
    files.push_back(found->second.file);
}

std::vector<std::string> ModuleIndex::plan_load(std::string_view module) const {
    std::vector<std::string> files;
    std::set<std::string> seen;
    add_files(module, files, seen);
    return files;
}

LoadResult load_module(const fs::path& file) {
    const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
        if (errno == ENOENT) return LoadResult::no_such_file;
        throw SystemError(std::format("cannot open the kernel module '{}'", file.string()));
    }
    if (syscall(SYS_finit_module, fd.get(), "", 0) == 0) return LoadResult::loaded;
    if (errno == EEXIST) return LoadResult::already_there;
    throw SystemError(std::format("the kernel refuses the module '{}'", file.string()));
}

std::set<std::string> read_modaliases(const fs::path& sys) {
    std::set<std::string> aliases;
    std::error_code error;
    fs::recursive_directory_iterator entry(sys / "devices", error);
    // A device may vanish while we walk: this walk ends there, and the next one sees the rest.
    while (!error && entry != fs::recursive_directory_iterator()) {
        if (entry->path().filename() == "modalias") {
            const std::string text = read_text(entry->path());
            if (const auto alias = trim(text); !alias.empty()) aliases.emplace(alias);
        }
        entry.increment(error);
    }
    return aliases;
}

}  // namespace cairn::disks
