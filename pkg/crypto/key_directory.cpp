#include "pkg/crypto/key_directory.h"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/crypto/command_signer.h"
#include "pkg/crypto/key_file.h"

namespace cairn::crypto {
namespace {

constexpr const char* index_name = "keys.json";

std::filesystem::path file_of(const std::filesystem::path& directory, Role role, std::string_view ending) {
    return directory / std::format("{}.{}", info_of(role).name, ending);
}

bool is_ed25519(Role role) {
    return info_of(role).kind == KeyKind::ed25519;
}

/// Makes one key in `directory`: the secret file and the public one.
void make_key(const std::filesystem::path& directory, const RoleInfo& info,
              const std::optional<Derivation>& derivation, const SecretBytes& lock) {
    SecretBytes secret;
    if (info.kind == KeyKind::ed25519) {
        const SecretKey key = SecretKey::generate();
        secret = key.seed();
        write_public_key_file(file_of(directory, info.role, "pub"), info.role, key.public_key());
    } else {
        const RsaSecretKey key = RsaSecretKey::generate(info.kind == KeyKind::rsa_3072 ? 3072 : 2048);
        secret = key.to_pkcs8();
        if (info.has_certificate) {
            const Certificate certificate = make_certificate(key, std::format("Cairn {} key", info.name));
            write_file(file_of(directory, info.role, "pem"), certificate.to_pem());
        } else {
            write_file(file_of(directory, info.role, "pub"), key.public_key().to_pem());
        }
    }
    KeyFile file{.role = info.role, .derivation = derivation};
    if (derivation)
        file.sealed = seal_secret(secret.span(), lock);
    else
        file.plain = std::move(secret);
    write_key_file(file_of(directory, info.role, "key"), file);
}

/// The directory appears whole or not at all. An empty directory that is there already is replaced by the
/// rename.
void move_into_place(TemporaryDirectory& made, const std::filesystem::path& path) {
    std::filesystem::permissions(made.path(), std::filesystem::perms::owner_all);
    if (::rename(made.path().c_str(), path.c_str()) != 0) {
        const int error = errno;
        if (error == ENOTEMPTY || error == EEXIST)
            throw UsageError(std::format("cannot make keys in '{}': there are files already", path.string()))
                .hint("keys are never overwritten: move the old ones away first, or name another directory");
        throw SystemError(std::format("cannot make '{}'", path.string()), error);
    }
    made.release();
}

}  // namespace

const RoleInfo& info_of(Role role) {
    return all_roles[static_cast<std::size_t>(role)];
}

Role parse_role(std::string_view name) {
    std::vector<std::string> names;
    for (const RoleInfo& info : all_roles) {
        if (info.name == name) return info.role;
        names.emplace_back(info.name);
    }
    UsageError error(std::format("there is no key '{}'", name));
    if (const auto nearest = find_nearest(name, names))
        error.hint(std::format("did you mean '{}'?", *nearest));
    throw error;
}

std::filesystem::path KeyDirectory::default_path() {
    if (const auto path = find_environment("CAIRN_KEYS"); path && !path->empty()) return *path;
    if (const auto path = find_environment("XDG_CONFIG_HOME"); path && !path->empty())
        return std::filesystem::path(*path) / "cairn/keys";
    const auto home = find_environment("HOME");
    if (!home || home->empty())
        throw UsageError("cannot find the keys: neither CAIRN_KEYS, nor XDG_CONFIG_HOME, nor HOME is set");
    return std::filesystem::path(*home) / ".config/cairn/keys";
}

bool KeyDirectory::exists(const std::filesystem::path& path) {
    std::error_code code;
    const bool is_there = std::filesystem::exists(path / index_name, code);
    if (code) throw SystemError(std::format("cannot look for keys in '{}'", path.string()), code.value());
    return is_there;
}

KeyDirectory KeyDirectory::init(const std::filesystem::path& path,
                                const std::optional<std::string>& passphrase) {
    if (exists(path))
        throw UsageError(std::format("cannot make keys in '{}': there are keys already", path.string()))
            .hint("keys are never overwritten: move the old ones away first, or name another directory");
    if (passphrase && passphrase->empty()) throw UsageError("cannot make keys: the passphrase is empty");
    const auto absolute = std::filesystem::absolute(path).lexically_normal();
    make_directories(absolute.parent_path());
    TemporaryDirectory made(absolute.parent_path(), ".cairn-keys");

    std::optional<Derivation> derivation;
    SecretBytes lock;
    if (passphrase) {
        derivation = make_derivation();
        lock = derive_key(*passphrase, *derivation);
    }
    for (const RoleInfo& info : all_roles) make_key(made.path(), info, derivation, lock);
    write_file(made.path() / index_name,
               format_json({{"version", 1}, {"development", !passphrase.has_value()}}));
    move_into_place(made, absolute);
    return open(absolute, passphrase
                              ? KeyAccess{.passphrase = [passphrase](const auto&) { return *passphrase; }}
                              : KeyAccess{});
}

GivenKey read_given_key(const std::filesystem::path& path) {
    const auto refuse = [&] [[noreturn]] {
        throw Error(std::format("'{}' is not the public half of a key that signs metadata", path.string()))
            .hint("it is the file <role>.pub of a key directory, for example root.pub");
    };
    const std::string text = read_file(path, 64 * 1024);
    if (!text.starts_with('{')) refuse();
    const Json json = parse_json(text, path.string());
    if (!json.contains("role") || !json["role"].is_string()) refuse();
    const Role role = with_context(std::format("reading '{}'", path.string()),
                                   [&] { return parse_role(json["role"].get<std::string>()); });
    if (!is_ed25519(role)) refuse();
    return {.role = role, .key = read_public_key_file(path, role)};
}

KeyDirectory KeyDirectory::open(const std::filesystem::path& path, KeyAccess access) {
    if (!exists(path))
        throw UsageError(std::format("cannot find keys in '{}'", path.string()))
            .hint("make them with: cairn keys init");
    const Json index = read_json(path / index_name);
    if (index.value("version", 0) != 1 || !index.contains("development") ||
        !index["development"].is_boolean())
        throw Error(std::format("cannot use '{}': it is damaged or of another version",
                                (path / index_name).string()));
    return KeyDirectory(path, std::move(access), index["development"].get<bool>());
}

KeyDirectory::KeyDirectory(std::filesystem::path path, KeyAccess access, bool is_development)
    : path_(std::move(path)), access_(std::move(access)), is_development_(is_development) {}

PublicKey KeyDirectory::public_key(Role role) const {
    CHECK(is_ed25519(role));
    return read_public_key_file(file_of(path_, role, "pub"), role);
}

Certificate KeyDirectory::certificate(Role role) const {
    CHECK(info_of(role).has_certificate);
    const auto path = file_of(path_, role, "pem");
    return with_context(std::format("reading '{}'", path.string()),
                        [&] { return parse_certificate(read_file(path)); });
}

RsaPublicKey KeyDirectory::rsa_public_key(Role role) const {
    CHECK(!is_ed25519(role));
    if (info_of(role).has_certificate) return certificate(role).public_key();
    const auto path = file_of(path_, role, "pub");
    return with_context(std::format("reading '{}'", path.string()),
                        [&] { return parse_rsa_public_key(read_file(path)); });
}

std::optional<PublicKey> KeyDirectory::find_own_key(Role role) const {
    CHECK(is_ed25519(role));
    if (!std::filesystem::exists(file_of(path_, role, "pub"))) return std::nullopt;
    if (!access_.command && !std::filesystem::exists(file_of(path_, role, "key"))) return std::nullopt;
    return public_key(role);
}

const SecretBytes& KeyDirectory::unlock(const Derivation& derivation) {
    if (derived_with_ == derivation) return derived_key_;
    if (!passphrase_) {
        if (!access_.passphrase)
            throw UsageError(std::format("cannot use the keys in '{}': they are locked with a passphrase",
                                         path_.string()));
        passphrase_ = access_.passphrase(path_);
    }
    derived_key_ = derive_key(*passphrase_, derivation);
    derived_with_ = derivation;
    return derived_key_;
}

SecretBytes KeyDirectory::open_secret(Role role) {
    const auto path = file_of(path_, role, "key");
    KeyFile file = read_key_file(path, role);
    if (!file.derivation) return std::move(file.plain);
    return with_context(std::format("unlocking '{}'", path.string()),
                        [&] { return unseal_secret(file.sealed, unlock(*file.derivation)); });
}

std::unique_ptr<Signer> KeyDirectory::signer(Role role) {
    const PublicKey expected = public_key(role);
    if (access_.command) return std::make_unique<CommandSigner>(*access_.command, role, expected);
    const SecretBytes seed = open_secret(role);
    if (seed.size() != 32)
        throw Error(std::format("cannot use key '{}': its secret has a wrong length", info_of(role).name));
    auto key = std::make_unique<SecretKey>(seed.span().first<32>());
    if (key->public_key() != expected)
        throw Error(std::format("cannot use key '{}': its secret and its public file do not belong together",
                                info_of(role).name));
    return key;
}

std::unique_ptr<RsaSigner> KeyDirectory::rsa_signer(Role role) {
    RsaPublicKey expected = rsa_public_key(role);
    if (access_.command)
        return std::make_unique<RsaCommandSigner>(*access_.command, role, std::move(expected));
    auto key = std::make_unique<RsaSecretKey>(open_secret(role).span());
    if (key->public_key() != expected)
        throw Error(std::format("cannot use key '{}': its secret and its public file do not belong together",
                                info_of(role).name));
    return key;
}

}  // namespace cairn::crypto
