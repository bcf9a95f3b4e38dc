#include "cli/host/package_compare.h"

#include <unistd.h>

#include <format>
#include <print>

#include "cli/term/exit_code.h"
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

}  // namespace cairn::host
