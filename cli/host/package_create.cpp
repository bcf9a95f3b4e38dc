#include "cli/host/package_create.h"

#include <algorithm>
#include <format>
#include <memory>
#include <print>

#include "cli/host/maker_keys.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/writer.h"
#include "pkg/recipe/recipe.h"

namespace cairn::host {
namespace {

/// What has no sensible default must be said.
void require_identity(const package::Identity& identity) {
    const auto require = [](std::string_view option, const std::string& value) {
        if (value.empty())
            throw UsageError(std::format("a package needs {}", option))
                .hint("see 'cairn package create --help'");
    };
    require("--name", identity.name);
    require("--version", identity.version);
    require("--license", identity.license);
    require("--summary", identity.summary);
    if (!package::is_package_name(identity.name))
        throw UsageError(std::format("'{}' is not a name for a package", identity.name))
            .hint("small letters, digits, '+', '.' and '-', beginning with a letter or digit");
    if (!package::is_version(identity.version))
        throw UsageError(std::format("'{}' is not a version", identity.version))
            .hint("letters, digits and '.~^+-', beginning with a letter or digit: --version 1.0");
}

}  // namespace

void add_identity_options(term::Command& command, package::Identity& identity) {
    command.add_option("--name", identity.name, "the package's name");
    command.add_option("--version", identity.version, "its version");
    command.add_option("--arch", identity.architecture, "x86_64, aarch64 or any",
                       term::Completion::architecture);
    command.add_option("--license", identity.license, "an SPDX expression");
    command.add_option("--summary", identity.summary, "one line about it");
    command.add_option("--depends", identity.depends, "a package it needs: 'zlib >= 1.3'");
    command.add_option("--provides", identity.provides, "another name it goes by: 'awk' or 'awk = 1'");
    command.add_option("--conflicts", identity.conflicts, "a package it cannot be together with");
    command.add_option("--replaces", identity.replaces, "a package whose place it takes");
}

void create_package(const std::filesystem::path& directory, package::Identity identity,
                    const std::filesystem::path& output) {
    require_identity(identity);
    if (identity.architecture.empty())
        identity.architecture = std::string(recipe::to_string(recipe::host_architecture()));
    if (identity.recipe.empty()) identity.recipe = identity.name;
    for (auto* list : {&identity.depends, &identity.provides, &identity.conflicts, &identity.replaces})
        std::ranges::sort(*list);
    package::check_identity(identity);
    const archive::FileTree tree = archive::scan_tree(directory);
    identity.output = archive::hash_tree(tree);
    const std::filesystem::path file =
        output.empty() ? std::filesystem::path(package::file_name(identity)) : output;
    crypto::KeyDirectory keys = open_or_make_keys(crypto::KeyDirectory::default_path());
    package::PackOptions pack;
    pack.durability = package::PackOptions::Durability::synced;
    const package::PackedPackage made =
        package::make_package(directory, tree, identity, *keys.signer(crypto::Role::package), file, pack);
    std::println("{}: {} entries, {}, {} packed", file.string(), tree.entries.size(),
                 format_bytes(made.content_size), format_bytes(made.file_size));
    std::println("  id {}", made.id.to_hex());
}

void add_create_command(term::Command& group) {
    struct Options {
        std::string directory;
        std::string output;
        package::Identity identity;
    };
    const auto options = std::make_shared<Options>();
    term::Command& command = group.add_command("create", "Pack and sign a directory");
    command.add_required("directory", options->directory, "what is packed, laid out as in the root",
                         term::Completion::directory);
    add_identity_options(command, options->identity);
    command.add_option("-o,--output", options->output, "the file; <name>_<version>_<arch>.cpkg by default",
                       term::Completion::file);
    command.set_example(
        "cairn package create stage --name hello --version 1.0 --license MIT --summary 'says hello'");
    command.set_action([options] {
        create_package(options->directory, options->identity, options->output);
        return term::success;
    });
}

}  // namespace cairn::host
