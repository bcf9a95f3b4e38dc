#include "cli/host/package_convert.h"

#include <format>
#include <memory>
#include <print>

#include "cli/host/maker_keys.h"
#include "cli/host/package_create.h"
#include "cli/host/package_keys.h"
#include "cli/term/exit_code.h"
#include "pkg/archive/tar_writer.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/package/reader.h"
#include "pkg/pkgar/reader.h"
#include "pkg/pkgar/writer.h"

namespace cairn::host {
namespace {

struct Options {
    std::string input;
    std::string output;
    std::string key_file;  // of --allow-key
    package::Identity identity;
};

void write_tar(const package::PackageReader& package, const std::string& output) {
    AtomicFile file(output);
    archive::TarWriter tar(file.fd(), output, 1);
    package::ContentReader content(package);
    for (const archive::FileEntry& entry : package.files().entries) {
        tar.add(entry);
        if (entry.kind == archive::Kind::file)
            content.read(entry, [&](std::span<const std::uint8_t> bytes) { tar.write(bytes); });
    }
    tar.finish();
    file.commit();
    std::println("{}: {} entries", output, package.files().entries.size());
}

void write_pkgar(const package::PackageReader& package, const std::string& output) {
    crypto::KeyDirectory keys = open_or_make_keys(crypto::KeyDirectory::default_path());
    const std::unique_ptr<crypto::Signer> signer = keys.signer(crypto::Role::package);
    const pkgar::Written written = pkgar::write_pkgar(package, *signer, output);
    std::println("{}: {} entries, {}", output, written.entries, format_bytes(written.file_size));
    std::println("  signed by {}", signer->public_key().to_hex());
    for (const std::string& lost : written.lost)
        std::println("  left out, pkgar has no place for them: {}", lost);
}

/// A pkgar file says neither what it is called nor which version it is: the person does.
void take_pkgar(const Options& options) {
    const pkgar::Reader reader = pkgar::open_pkgar(options.input, believed_pkgar_key(options.key_file));
    package::Identity identity = options.identity;
    const std::string& architecture = reader.head().architecture;
    if (identity.architecture.empty()) identity.architecture = architecture;
    const TemporaryDirectory directory;
    pkgar::extract_pkgar(reader, Dir::open(directory.path()));
    create_package(directory.path(), identity, options.output);
}

int convert(const Options& options) {
    const auto is = [](const std::string& name, std::string_view ending) { return name.ends_with(ending); };
    if (is(options.input, ".pkgar") && is(options.output, ".cpkg")) {
        take_pkgar(options);
    } else if (is(options.input, ".cpkg") && (is(options.output, ".tar") || is(options.output, ".pkgar"))) {
        const package::PackageReader package =
            package::open_package(options.input, allowed_package_keys(options.key_file));
        if (is(options.output, ".tar"))
            write_tar(package, options.output);
        else
            write_pkgar(package, options.output);
    } else {
        throw UsageError(std::format("'{}' cannot be made from '{}'", options.output, options.input))
            .hint("the names say what is meant: from .cpkg to .tar or .pkgar, from .pkgar to .cpkg");
    }
    return term::success;
}

}  // namespace

void add_convert_command(term::Command& group) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        group.add_command("convert", "Make a .tar or .pkgar of a package, or a package of a .pkgar");
    command.add_required("input", options->input, "a .cpkg or .pkgar file", term::Completion::file);
    command.add_required("output", options->output, "what to make of it; the name's ending says what",
                         term::Completion::file);
    command.add_option("--allow-key", options->key_file,
                       "the public key to believe (.pub, or Redox's .pub.toml); the maker's own by default",
                       term::Completion::file);
    add_identity_options(command, options->identity);
    command.set_example("cairn package convert zlib_1.3.1_x86_64.cpkg zlib.tar");
    command.set_action([options] { return convert(*options); });
}

}  // namespace cairn::host
