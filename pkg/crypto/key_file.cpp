#include "pkg/crypto/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::crypto {
namespace {

constexpr int format_version = 1;
constexpr std::uint64_t size_limit = 64 * 1024;

std::string_view kind_name(KeyKind kind) {
    switch (kind) {
        case KeyKind::ed25519:
            return "ed25519";
        case KeyKind::rsa_2048:
            return "rsa-2048";
        case KeyKind::rsa_3072:
            return "rsa-3072";
    }
    fail_check("KeyKind", __FILE__, __LINE__);
}

Json make_header(Role role) {
    return {
        {"version", format_version}, {"role", info_of(role).name}, {"kind", kind_name(info_of(role).kind)}};
}

/// Reads a JSON file of ours and turns whatever is wrong with its fields into an Error that names it.
template <class Read>
auto read_fields(const std::filesystem::path& path, Role role, Read&& read) {
    try {
        const Json json = parse_json(read_file(path, size_limit), path.string());
        if (json.at("version") != format_version) throw Error("its format is of another version");
        if (json.at("role") != info_of(role).name || json.at("kind") != kind_name(info_of(role).kind))
            throw Error("cannot use the key: it is that of another role");
        return read(json);
    } catch (const Json::exception& error) {
        throw Error(std::format("cannot use key file '{}': {}", path.string(), error.what()));
    } catch (Error& error) {
        error.add_context(std::format("reading key file '{}'", path.string()));
        throw;
    }
}

std::vector<std::uint8_t> hex_field(const Json& json, const char* name) {
    const auto bytes = find_hex(json.at(name).get<std::string>());
    if (!bytes) throw Error(std::format("'{}' is not a row of hexadecimal digits", name));
    return *bytes;
}

}  // namespace

void write_key_file(const std::filesystem::path& path, const KeyFile& file) {
    Json json = make_header(file.role);
    if (file.derivation) {
        json["protection"] = "argon2id-secretbox";
        json["salt"] = to_hex(file.derivation->salt);
        json["operations"] = file.derivation->operations;
        json["memory"] = file.derivation->memory;
        json["nonce"] = to_hex(file.sealed.nonce);
        json["secret"] = to_hex(file.sealed.box);
    } else {
        json["protection"] = "none";
        json["secret"] = to_hex(file.plain.span());
    }
    const Fd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(fd.get(), format_json(json), path.string());
    sync_fd(fd.get(), path.string());
}

KeyFile read_key_file(const std::filesystem::path& path, Role role) {
    return read_fields(path, role, [&](const Json& json) {
        KeyFile file{.role = role};
        const auto secret = hex_field(json, "secret");
        const std::string protection = json.at("protection").get<std::string>();
        if (protection == "none") {
            file.plain = SecretBytes(secret);
        } else if (protection == "argon2id-secretbox") {
            file.derivation = Derivation{.salt = hex_field(json, "salt"),
                                         .operations = json.at("operations").get<std::uint64_t>(),
                                         .memory = json.at("memory").get<std::uint64_t>()};
            file.sealed = SealedSecret{.nonce = hex_field(json, "nonce"), .box = secret};
        } else {
            throw Error("its protection is not known: '" + protection + "'");
        }
        return file;
    });
}

void write_public_key_file(const std::filesystem::path& path, Role role, const PublicKey& key) {
    Json json = make_header(role);
    json["public"] = key.to_hex();
    json["key_id"] = key_id(key);
    write_file(path, format_json(json));
}

PublicKey read_public_key_file(const std::filesystem::path& path, Role role) {
    return read_fields(
        path, role, [](const Json& json) { return parse_public_key(json.at("public").get<std::string>()); });
}

}  // namespace cairn::crypto
