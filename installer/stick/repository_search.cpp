#include "installer/stick/repository_search.h"

#include <sys/stat.h>

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::stick {

namespace {

void check_size(const struct stat& directory, std::uint64_t largest, std::string_view name) {
    const auto size = static_cast<std::uint64_t>(directory.st_size);
    if (size > largest)
        throw VerifyError(
            std::format("its directory '{}' is larger than any repository's: {}", name, format_bytes(size)));
}

/// Before anything in it is looked for.
bool is_directory(const Dir& top, const std::string& path, std::uint64_t largest) {
    const auto status = top.find_status(path);
    if (!status || !S_ISDIR(status->st_mode)) return false;
    check_size(*status, largest, path);
    return true;
}

bool is_file(const Dir& top, const std::string& path) {
    const auto status = top.find_status(path);
    return status && S_ISREG(status->st_mode);
}

/// `prefix` is empty or ends with '/'.
bool is_repository(const Dir& top, const std::string& prefix, std::uint64_t largest) {
    return is_directory(top, prefix + "metadata", largest) &&
           is_file(top, prefix + "metadata/timestamp.json") && is_directory(top, prefix + "targets", largest);
}

}  // namespace

std::optional<std::string> find_repository(const Dir& top, std::uint64_t largest) {
    struct stat status = {};
    if (::fstat(top.fd(), &status) != 0) throw SystemError("cannot look at its top");
    check_size(status, largest, "/");
    if (is_repository(top, "", largest)) return "";
    const std::string folder(repository_folder);
    if (is_directory(top, folder, largest) && is_repository(top, folder + "/", largest)) return folder;
    return std::nullopt;
}

}  // namespace cairn::stick
