#include "pkg/repo/layout.h"

#include <format>

#include "pkg/crypto/hash.h"

namespace cairn::repo {

std::string bin_name(unsigned bin) {
    return std::format("{}-{:02x}", packages_role, bin);
}

bool is_bin(std::string_view role) {
    return role.starts_with(packages_role) && role.substr(packages_role.size()).starts_with('-');
}

std::string bin_of_target(std::string_view target) {
    return bin_name(crypto::hash_sha256(target).bytes().front());
}

std::chrono::days lifetime_of(std::string_view role) {
    if (role == "root") return std::chrono::days(365);
    if (role == "snapshot" || role == "timestamp") return std::chrono::days(14);
    return std::chrono::days(180);
}

}  // namespace cairn::repo
