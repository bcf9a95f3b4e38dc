#include <algorithm>
#include <array>
#include <format>
#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/host/package_compare.h"
#include "cli/host/package_convert.h"
#include "cli/host/package_create.h"
#include "cli/host/package_keys.h"
#include "cli/host/package_root.h"
#include "cli/host/package_solve.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/package/extract.h"
#include "pkg/package/reader.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string package;
    std::string directory;
    std::string key_file;  // of --allow-key
    std::string root;      // of --root: installed packages are meant, not a file
    std::vector<std::string> packages;
    bool is_json = false;
    bool is_unpacking = false;  // of verify --unpack
};

package::PackageReader open(const Options& options) {
    if (options.package.empty())
        throw UsageError("there is no package named").hint("a .cpkg file, or --root DIR");
    return package::open_package(options.package, allowed_package_keys(options.key_file));
}

int show(const Options& options) {
    const package::PackageReader reader = open(options);
    const package::Identity& identity = reader.identity();
    if (options.is_json) {
        Json json = package::to_json(identity);
        json["id"] = reader.id().to_hex();
        json["signer"] = crypto::key_id(reader.signer());
        json["content_size"] = reader.files().content_size();
        json["entries"] = reader.files().entries.size();
        std::print("{}", format_json(json));
        return term::success;
    }
    const auto line = [](std::string_view name, const std::string& value) {
        if (!value.empty()) std::println("{:<13} {}", name, value);
    };
    line("name", identity.name);
    line("version", identity.version);
    line("architecture", identity.architecture);
    line("summary", identity.summary);
    line("license", identity.license);
    line("depends", join(identity.depends, ", "));
    line("provides", join(identity.provides, ", "));
    line("conflicts", join(identity.conflicts, ", "));
    line("replaces", join(identity.replaces, ", "));
    line("recipe", identity.recipe);
    for (const package::SourceRecord& source : identity.sources)
        line("source", std::format("{} sha256 {}", source.name, source.sha256.to_hex()));
    line("content", std::format("{} in {} entries, {} chunks", format_bytes(reader.files().content_size()),
                                reader.files().entries.size(), reader.chunks().size()));
    line("id", reader.id().to_hex());
    line("signed by", crypto::key_id(reader.signer()));
    return term::success;
}

std::string format_mode(const archive::FileEntry& entry) {
    constexpr std::string_view kinds = "-dlh";
    std::string text(1, kinds[static_cast<std::size_t>(entry.kind)]);
    for (int shift = 6; shift >= 0; shift -= 3)
        for (int bit = 2; bit >= 0; --bit) text += (entry.mode >> (shift + bit) & 1) != 0 ? "xwr"[bit] : '-';
    return text;
}

Json to_json(const archive::FileEntry& entry) {
    constexpr std::array<std::string_view, 4> kinds = {"file", "directory", "symlink", "hard link"};
    Json json{{"path", entry.path},
              {"kind", kinds.at(static_cast<std::size_t>(entry.kind))},
              {"mode", std::format("{:04o}", entry.mode)},
              {"owner", entry.uid},
              {"group", entry.gid}};
    if (entry.kind == archive::Kind::file) {
        json["size"] = entry.size;
        json["blake2b"] = entry.content.to_hex();
    }
    if (!entry.target.empty()) json["target"] = entry.target;
    return json;
}

int list(const Options& options) {
    if (!options.root.empty()) return list_root(options.root, options.is_json);
    const package::PackageReader reader = open(options);
    if (options.is_json) {
        Json files = Json::array();
        for (const archive::FileEntry& entry : reader.files().entries) files.push_back(to_json(entry));
        std::print("{}", format_json(files));
        return term::success;
    }
    for (const archive::FileEntry& entry : reader.files().entries)
        std::println("{} {:>4}:{:<4} {:>10}  {}{}{}", format_mode(entry), entry.uid, entry.gid, entry.size,
                     entry.path, entry.target.empty() ? "" : " -> ", entry.target);
    return term::success;
}

int verify(const Options& options) {
    if (!options.root.empty()) return verify_root(options.root, options.packages);
    if (options.packages.empty()) throw UsageError("'cairn package verify' needs a .cpkg file, or --root");
    for (const std::string& file : options.packages) {
        const package::PackageReader reader =
            package::open_package(file, allowed_package_keys(options.key_file));
        package::verify_content(reader, options.is_unpacking ? package::Depth::full : package::Depth::stored);
        std::println("{} {} is whole, and signed by {}", reader.identity().name, reader.identity().version,
                     crypto::key_id(reader.signer()));
    }
    return term::success;
}

int extract(const Options& options) {
    const package::PackageReader reader = open(options);
    const fs::path target = fs::absolute(fs::path(options.directory) / "").lexically_normal().parent_path();
    if (fs::exists(target) && !(fs::is_directory(target) && fs::is_empty(target)))
        throw UsageError(std::format("'{}' is not an empty directory", target.string()))
            .hint("extract into a new directory; installing is another command");
    make_directories(target.parent_path());
    // Beside it first: the directory has all of the package or nothing.
    TemporaryDirectory place(target.parent_path(), ".cairn-extract");
    package::extract_package(reader, Dir::open(place.path()));
    fs::permissions(place.path(), fs::perms(0755));
    fs::rename(place.path(), target);
    place.release();
    std::println("{} {}: {} entries in '{}'", reader.identity().name, reader.identity().version,
                 reader.files().entries.size(), target.string());
    return term::success;
}

int diff(const Options& options) {
    return print_difference(open(options),
                            package::open_package(options.directory, allowed_package_keys(options.key_file)),
                            options.is_json);
}

term::Command& add_reading_command(term::Command& group, const std::shared_ptr<Options>& options,
                                   const std::string& name, const std::string& help,
                                   int (*action)(const Options&)) {
    term::Command& command = group.add_command(name, help);
    if (name == "verify")
        command.add_option("packages", options->packages, ".cpkg files; with --root names, all by default",
                           term::Completion::file);
    else if (name == "list")
        command.add_option("package", options->package, "a .cpkg file", term::Completion::file);
    else
        command.add_required("package", options->package, "a .cpkg file", term::Completion::file);
    if (name == "verify" || name == "list")
        command.add_option("--root", options->root, "the root whose installed packages are meant",
                           term::Completion::directory);
    command.add_option("--allow-key", options->key_file,
                       "the public key to believe (a .pub file); the maker's own by default",
                       term::Completion::file);
    command.set_example(std::format("cairn package {} zlib_1.3.1_x86_64.cpkg", name));
    command.set_action([options, action] { return action(*options); });
    return command;
}

}  // namespace

void add_package_command(term::Command& root, Host&) {
    const auto options = std::make_shared<Options>();
    term::Command& group = root.add_command("package", "Make and look into packages (.cpkg)");

    add_create_command(group);
    add_reading_command(group, options, "show", "Show what a package says about itself", show)
        .add_flag("--json", options->is_json, "print it as JSON");
    add_reading_command(group, options, "list", "List a package's files, or a root's packages", list)
        .add_flag("--json", options->is_json, "print the file table as JSON");
    add_reading_command(group, options, "verify",
                        "Check every byte of packages, or of what is installed in a root", verify)
        .add_flag(
            "--unpack", options->is_unpacking,
            "check too that the data unpacks to the files of the table: that its maker made no mistake");
    add_root_commands(group);
    add_reading_command(group, options, "extract", "Write a package's files into a new directory", extract)
        .add_required("directory", options->directory, "where to", term::Completion::directory)
        .set_example("cairn package extract zlib_1.3.1_x86_64.cpkg zlib");
    add_reading_command(group, options, "diff",
                        "What changed between two packages; exit code 1 when something did", diff)
        .add_required("other", options->directory, "the newer .cpkg file", term::Completion::file)
        .add_flag("--json", options->is_json, "print it as JSON")
        .set_example("cairn package diff zlib_1.3_x86_64.cpkg zlib_1.3.1_x86_64.cpkg");
    add_convert_command(group);
    add_package_solve_command(group);
}

}  // namespace cairn::host
