#include "pkg/source/patches.h"

#include <sys/stat.h>

#include <charconv>
#include <format>
#include <optional>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

/// Lines that a hunk still has to come: of the old file and of the new one.
struct HunkRest {
    std::uint64_t old_lines = 0;
    std::uint64_t new_lines = 0;
    bool is_done() const { return old_lines == 0 && new_lines == 0; }
};

std::uint64_t parse_count(std::string_view range) {  // "12,7" has 7 lines, "12" has one
    const std::size_t comma = range.find(',');
    if (comma == std::string_view::npos) return 1;
    std::uint64_t count = 0;
    const std::string_view digits = range.substr(comma + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return count;
}

std::optional<HunkRest> find_hunk_start(std::string_view line) {  // "@@ -1,7 +1,8 @@ name"
    if (!line.starts_with("@@ -")) return std::nullopt;
    const std::vector<std::string> words = split_words(line);
    if (words.size() < 4 || words[3] != "@@") return std::nullopt;
    return HunkRest{parse_count(words[1]), parse_count(words[2])};
}

void take_hunk_line(HunkRest& rest, std::string_view line) {
    const char kind = line.empty() ? ' ' : line.front();
    if (kind == '\\') return;  // "\ No newline at end of file"
    if (kind != '+' && rest.old_lines > 0) --rest.old_lines;
    if (kind != '-' && rest.new_lines > 0) --rest.new_lines;
}

/// What stands after a keyword that a file name follows, or empty.
std::string_view name_in_header(std::string_view line) {
    for (const std::string_view keyword :
         {"--- ", "+++ ", "Index: ", "rename from ", "rename to ", "copy from ", "copy to "})
        if (line.starts_with(keyword)) return line.substr(keyword.size());
    return "";
}

[[noreturn]] void refuse(const Patch& patch, const std::string& why) {
    throw VerifyError(std::format("cannot use patch '{}': {}", patch.path.string(), why));
}

/// "a/src/file.c<tab>date" → "src/file.c"; empty for /dev/null.
std::string parse_name(const Patch& patch, std::string_view text, bool has_first_directory) {
    std::string_view name = trim(text.substr(0, text.find('\t')));
    if (name == "/dev/null") return "";
    if (name.starts_with('"')) refuse(patch, std::format("the quoted file name {} is not understood", name));
    const std::string_view first_word = name.substr(0, name.find(' '));
    for (const std::string_view form : {name, first_word}) {
        if (form.starts_with('/')) refuse(patch, std::format("'{}' is an absolute path", form));
        for (const std::string& part : split(form, '/'))
            if (part == "..") refuse(patch, std::format("'{}' climbs out with '..'", form));
    }
    if (has_first_directory) {
        const std::size_t slash = name.find('/');
        if (slash == std::string_view::npos)
            refuse(patch, std::format("'{}' has no directory to drop (-p1)", name));
        name.remove_prefix(slash + 1);
    }
    if (!is_safe_relative_path(name)) refuse(patch, std::format("'{}' is not a plain path", name));
    return std::string(name);
}

void refuse_links_in_the_way(const Patch& patch, const fs::path& tree) {
    const Dir dir = Dir::open(tree);
    for (const std::string& file : list_patched_files(patch)) {
        std::string_view path = file;
        for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
            const auto status = dir.find_status(path.substr(0, slash));
            if (!status) break;
            if (S_ISLNK(status->st_mode))
                refuse(patch, std::format("'{}' is a symbolic link in the source", path.substr(0, slash)));
            if (slash == std::string_view::npos) break;
        }
    }
}

/// Finds the words about the first hunk that failed in what patch(1) printed.
std::string describe_failure(const std::string& output) {
    std::string file;
    for (const std::string& line : split(output, '\n')) {
        if (line.starts_with("patching file ")) file = line.substr(14);
        if (line.starts_with("Hunk #") && line.contains("FAILED"))
            return std::format("{} of '{}' does not apply", to_lower(line.substr(0, line.find(" FAILED"))),
                               file);
        if (line.contains("Reversed (or previously applied)"))
            return std::format("'{}' already has its changes", file);
        if (line.starts_with("can't find file to patch")) return "a file it changes is not in the source";
    }
    return "it does not apply";
}

}  // namespace

std::vector<Patch> read_patches(const fs::path& recipe_directory, const std::vector<std::string>& names) {
    std::vector<Patch> patches;
    for (const std::string& name : names) {
        auto text = find_file(recipe_directory / name, 64 << 20);
        if (!text)
            throw UsageError(
                std::format("cannot read patch '{}': it is not there", (recipe_directory / name).string()));
        patches.push_back({recipe_directory / name, std::move(*text)});
    }
    return patches;
}

std::vector<std::string> list_patched_files(const Patch& patch) {
    std::vector<std::string> files;
    HunkRest rest;
    bool has_hunk = false;
    for (const std::string& line : split(patch.text, '\n')) {
        if (!rest.is_done()) {
            take_hunk_line(rest, line);
            continue;
        }
        if (const auto hunk = find_hunk_start(line)) {
            rest = *hunk;
            has_hunk = true;
        } else if (line.starts_with("new file mode 12") || line.starts_with("new mode 12")) {
            refuse(patch, "it makes a symbolic link");
        } else if (const std::string_view text = name_in_header(line); !text.empty()) {
            const bool has_first_directory = line.starts_with("--- ") || line.starts_with("+++ ");
            if (const std::string name = parse_name(patch, text, has_first_directory); !name.empty())
                files.push_back(name);
        }
    }
    if (!has_hunk) refuse(patch, "it is not a unified diff");
    return files;
}

void apply_patch(const Patch& patch, const fs::path& tree) {
    refuse_links_in_the_way(patch, tree);
    const CommandResult result =
        run_command({.arguments = {"patch", "-p1", "--forward", "--fuzz=0", "--unified", "--batch",
                                   "--no-backup-if-mismatch", "--reject-file=-"},
                     .directory = tree,
                     .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"},
                     .clean_environment = true,
                     .input = patch.text});
    if (result.status == 0) return;
    throw Error(
        std::format("cannot apply patch '{}': {}", patch.path.string(), describe_failure(result.output)))
        .detail("patch said", std::string(trim(result.output + result.error)));
}

}  // namespace cairn::source
