#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/crypto/key.h"
#include "pkg/crypto/rsa.h"

/// A maker's keys: a directory with one secret file per key, `<role>.key`, and beside it what is public,
/// `<role>.pub` (Ed25519, RSA) or `<role>.pem` (certificate). FORMAT.md says what is in them.
namespace cairn::crypto {

enum class KeyKind { ed25519, rsa_2048, rsa_3072 };

enum class Role {
    root,
    targets,
    snapshot,
    timestamp,
    images,
    package,
    store,  // Ed25519
    module,
    secure_boot_pk,
    secure_boot_kek,
    secure_boot_db,  // RSA with a certificate
    pcr,             // RSA
};

struct RoleInfo {
    Role role;
    std::string_view name;  // also the name of its files
    KeyKind kind;
    bool has_certificate;
    std::string_view signs;  // for people
};
constexpr std::array<RoleInfo, 12> all_roles = {{
    {Role::root, "root", KeyKind::ed25519, false, "the TUF root: which keys are believed"},
    {Role::targets, "targets", KeyKind::ed25519, false, "TUF targets: delegations to packages and images"},
    {Role::snapshot, "snapshot", KeyKind::ed25519, false, "TUF snapshot"},
    {Role::timestamp, "timestamp", KeyKind::ed25519, false, "TUF timestamp"},
    {Role::images, "images", KeyKind::ed25519, false, "TUF role of the images that devices install"},
    {Role::package, "package", KeyKind::ed25519, false, "package heads"},
    {Role::store, "store", KeyKind::ed25519, false, "entries of a shared build store"},
    {Role::module, "module", KeyKind::rsa_3072, true, "kernel modules"},
    {Role::secure_boot_pk, "secure-boot-pk", KeyKind::rsa_2048, true, "Secure Boot: changes of the KEK list"},
    {Role::secure_boot_kek, "secure-boot-kek", KeyKind::rsa_2048, true,
     "Secure Boot: changes of the db list"},
    {Role::secure_boot_db, "secure-boot-db", KeyKind::rsa_2048, true, "boot loader and kernel images"},
    {Role::pcr, "pcr", KeyKind::rsa_2048, false, "expected TPM measurements (PCR 11)"},
}};
const RoleInfo& info_of(Role role);
/// Throws UsageError naming the nearest role.
Role parse_role(std::string_view name);

/// Gives the passphrase of a key directory; called at most once for each, when the first secret is needed.
using PassphraseSource = std::function<std::string(const std::filesystem::path& directory)>;

/// How secrets are reached. Default-made: files without passphrase only.
struct KeyAccess {
    PassphraseSource passphrase = {};
    /// When set, every signature is made by this command instead of a secret file. It is split into words,
    /// the role's name is added as last argument, the message comes on standard input, and the raw signature
    /// (Ed25519, or RSA PKCS#1 v1.5 with SHA-256) is expected on standard output. What it gives is checked
    /// against the public key.
    std::optional<std::string> command = {};
};

/// The public half of some Ed25519 key, as its owner gives it away: a `<role>.pub`.
struct GivenKey {
    Role role;
    PublicKey key;
};
/// Throws Error when it is something else.
GivenKey read_given_key(const std::filesystem::path& path);

class KeyDirectory {
  public:
    /// $CAIRN_KEYS, else $XDG_CONFIG_HOME/cairn/keys, else ~/.config/cairn/keys.
    static std::filesystem::path default_path();
    /// Makes a full set of keys, all or none: the directory appears by one rename. With no passphrase these
    /// are development keys, secrets unencrypted. Throws UsageError when there are keys already.
    static KeyDirectory init(const std::filesystem::path& path, const std::optional<std::string>& passphrase);
    /// Throws UsageError, with the command that makes keys as the hint, when there are none.
    static KeyDirectory open(const std::filesystem::path& path, KeyAccess access = {});
    static bool exists(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; }
    /// True for keys that were made with --insecure-dev: what they sign says so.
    bool is_development() const { return is_development_; }

    // What is public. Each throws Error when the file is missing or damaged, or the role is of another kind.
    PublicKey public_key(Role role) const;
    Certificate certificate(Role role) const;
    RsaPublicKey rsa_public_key(Role role) const;
    /// An Ed25519 role's public key if this directory can sign with it: its secret is here, or a command has
    /// it.
    std::optional<PublicKey> find_own_key(Role role) const;

    /// Opens the secret, or stands for the command. Asks for the passphrase where it is needed.
    std::unique_ptr<Signer> signer(Role role);
    std::unique_ptr<RsaSigner> rsa_signer(Role role);

  private:
    KeyDirectory(std::filesystem::path path, KeyAccess access, bool is_development);
    SecretBytes open_secret(Role role);
    const SecretBytes& unlock(const Derivation& derivation);

    std::filesystem::path path_;
    KeyAccess access_;
    bool is_development_;
    std::optional<std::string> passphrase_;
    std::optional<Derivation> derived_with_;
    SecretBytes derived_key_;
};

}  // namespace cairn::crypto
