#include "pkg/package/identity.h"

#include <algorithm>
#include <format>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/package/relation.h"

namespace cairn::package {
namespace {

constexpr std::size_t name_limit = 128;
constexpr std::size_t text_limit = 1024;
constexpr std::size_t list_limit = 4096;

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_letter_or_digit(char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

[[noreturn]] void refuse(const Identity& identity, std::string_view why) {
    throw VerifyError(std::format("cannot use package '{}': {}", identity.name, why));
}

void check_line(const Identity& identity, std::string_view field, const std::string& text) {
    if (text.size() > text_limit || !archive::is_plain_text(text))
        refuse(identity, std::format("its {} is not one line of at most {} bytes", field, text_limit));
}

void check_relations(const Identity& identity, std::string_view field,
                     const std::vector<std::string>& relations) {
    if (relations.size() > list_limit) refuse(identity, std::format("its '{}' is too long", field));
    for (std::size_t i = 0; i < relations.size(); ++i) {
        parse_relation(relations[i]);
        if (i > 0 && relations[i - 1] >= relations[i])
            refuse(identity, std::format("its '{}' is not sorted, or has '{}' twice", field, relations[i]));
    }
}

crypto::Hash hash_from_json(const Json& json) {
    const auto hash = crypto::find_hash(json.get<std::string>());
    if (!hash)
        throw VerifyError(std::format("cannot use the identity of a package: {} is no hash", json.dump()));
    return *hash;
}

}  // namespace

bool is_package_name(std::string_view name) {
    return !name.empty() && name.size() <= name_limit && is_lower_or_digit(name[0]) &&
           std::ranges::all_of(
               name, [](char c) { return is_lower_or_digit(c) || c == '+' || c == '.' || c == '-'; });
}

bool is_version(std::string_view version) {
    return !version.empty() && version.size() <= name_limit && is_letter_or_digit(version[0]) &&
           std::ranges::all_of(version, [](char c) {
               return is_letter_or_digit(c) || c == '.' || c == '~' || c == '^' || c == '+' || c == '-';
           });
}

void check_identity(const Identity& identity) {
    if (!is_package_name(identity.name)) refuse(identity, "its name is not valid");
    if (!is_version(identity.version))
        refuse(identity, std::format("its version '{}' is not valid", identity.version));
    if (identity.architecture != "x86_64" && identity.architecture != "aarch64" &&
        identity.architecture != "any")
        refuse(identity, std::format("its architecture '{}' is not known", identity.architecture));
    check_line(identity, "licence", identity.license);
    check_line(identity, "summary", identity.summary);
    check_relations(identity, "depends", identity.depends);
    check_relations(identity, "provides", identity.provides);
    check_relations(identity, "conflicts", identity.conflicts);
    check_relations(identity, "replaces", identity.replaces);
    if (!is_package_name(identity.recipe)) refuse(identity, "the name of its recipe is not valid");
    if (identity.sources.size() > list_limit) refuse(identity, "its list of sources is too long");
    for (const SourceRecord& source : identity.sources) check_line(identity, "source name", source.name);
}

std::string file_name(const Identity& identity) {
    return std::format("{}_{}_{}.cpkg", identity.name, identity.version, identity.architecture);
}

Json to_json(const Identity& identity) {
    Json sources = Json::array();
    for (const SourceRecord& source : identity.sources)
        sources.push_back({{"name", source.name}, {"sha256", source.sha256.to_hex()}});
    return {{"name", identity.name},
            {"version", identity.version},
            {"architecture", identity.architecture},
            {"license", identity.license},
            {"summary", identity.summary},
            {"depends", identity.depends},
            {"provides", identity.provides},
            {"conflicts", identity.conflicts},
            {"replaces", identity.replaces},
            {"recipe", identity.recipe},
            {"output", identity.output.to_hex()},
            {"sources", sources}};
}

Identity identity_from_json(const Json& json) {
    Identity identity;
    try {
        identity = Identity{.name = json.at("name"),
                            .version = json.at("version"),
                            .architecture = json.at("architecture"),
                            .license = json.at("license"),
                            .summary = json.at("summary"),
                            .depends = json.at("depends"),
                            .provides = json.at("provides"),
                            .conflicts = json.at("conflicts"),
                            .replaces = json.at("replaces"),
                            .recipe = json.at("recipe"),
                            .output = hash_from_json(json.at("output"))};
        for (const Json& source : json.at("sources"))
            identity.sources.push_back({source.at("name"), hash_from_json(source.at("sha256"))});
    } catch (const Json::exception& error) {
        throw VerifyError(std::format("cannot use the identity of a package: {}", error.what()));
    }
    check_identity(identity);
    return identity;
}

}  // namespace cairn::package
