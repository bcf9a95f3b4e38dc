#include "cli/host/package_keys.h"

#include <filesystem>

#include "pkg/base/error.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/crypto/key_file.h"

namespace cairn::host {

package::AllowedKeys allowed_package_keys(const std::string& key_file) {
    if (!key_file.empty())
        return package::AllowedKeys({crypto::read_public_key_file(key_file, crypto::Role::package)});
    const std::filesystem::path path = crypto::KeyDirectory::default_path();
    if (!crypto::KeyDirectory::exists(path))
        throw UsageError("no key says which packages to believe")
            .hint("name the signer's public key with --allow-key FILE, for example package.pub");
    return package::AllowedKeys({crypto::KeyDirectory::open(path).public_key(crypto::Role::package)});
}

}  // namespace cairn::host
