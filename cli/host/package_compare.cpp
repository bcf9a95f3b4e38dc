#include "cli/host/package_compare.h"

#include <unistd.h>

#include <format>
#include <print>

#include "cli/term/exit_code.h"
#include "pkg/archive/tar_writer.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/package/difference.h"

namespace cairn::host {
namespace {

char mark_of(const package::FileChange& change) {
    if (change.before == nullptr) return '+';
    return change.after == nullptr ? '-' : '~';
}

Json to_json(const package::Difference& difference) {
    Json identity = Json::object();
    for (const package::IdentityChange& change : difference.identity)
        identity[change.field] = {{"before", change.before}, {"after", change.after}};
    Json files = Json::array();
    for (const package::FileChange& change : difference.files)
        files.push_back({{"path", change.path},
                         {"change", change.before == nullptr  ? "added"
                                    : change.after == nullptr ? "removed"
                                                              : "changed"},
                         {"text", package::describe(change)}});
    return {{"identity", identity}, {"files", files}};
}

}  // namespace

int print_difference(const package::PackageReader& before, const package::PackageReader& after,
                     bool is_json) {
    const package::Difference difference =
        package::compare(before.identity(), before.files(), after.identity(), after.files());
    if (is_json) {
        std::print("{}", format_json(to_json(difference)));
    } else {
        for (const package::IdentityChange& change : difference.identity)
            std::println("{}: {} => {}", change.field, change.before, change.after);
        for (const package::FileChange& change : difference.files)
            std::println("{} {}  {}", mark_of(change), change.path, package::describe(change));
    }
    return difference.is_empty() ? term::success : term::failure;
}

int write_tar(const package::PackageReader& package, const std::string& output) {
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
    return term::success;
}

}  // namespace cairn::host
