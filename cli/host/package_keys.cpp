#include "cli/host/package_keys.h"

#include <filesystem>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/toml.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/crypto/key_file.h"

namespace cairn::host {
namespace {

crypto::PublicKey believed_key(const std::string& key_file) {
    if (!key_file.empty()) return crypto::read_public_key_file(key_file, crypto::Role::package);
    const std::filesystem::path path = crypto::KeyDirectory::default_path();
    if (!crypto::KeyDirectory::exists(path))
        throw UsageError("no key says which packages to believe")
            .hint("name the signer's public key with --allow-key FILE, for example package.pub");
    return crypto::KeyDirectory::open(path).public_key(crypto::Role::package);
}

}  // namespace

package::AllowedKeys allowed_package_keys(const std::string& key_file) {
    return package::AllowedKeys({believed_key(key_file)});
}

crypto::PublicKey believed_pkgar_key(const std::string& key_file) {
    if (!key_file.ends_with(".toml")) return believed_key(key_file);
    TomlTable file = TomlTable::read(key_file);
    const std::string key = file.required_string("pkey");
    file.finish();
    return with_context(std::format("reading 'pkey' in '{}'", key_file),
                        [&] { return crypto::parse_public_key(key); });
}

}  // namespace cairn::host
