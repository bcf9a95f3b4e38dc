#include "images/assemble/metadata.h"

#include <format>

#include "images/layout/seed.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::assemble {
namespace {

std::string quote(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '$' || c == '`') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

/// SPDX identifiers have letters, digits, '.' and '-' only.
std::string spdx_id(std::string_view package) {
    return "SPDXRef-Package-" + replace_all(package, "+", ".plus");
}

std::string source_info(const package::Identity& identity) {
    std::vector<std::string> sources;
    for (const package::SourceRecord& source : identity.sources)
        if (!source.sha256.is_zero())
            sources.push_back(std::format("{} (sha256:{})", source.name, source.sha256.to_hex()));
    const std::string from = sources.empty() ? "sources in the repository" : join(sources, ", ");
    return std::format("built by recipe '{}' from {}", identity.recipe, from);
}

Json make_spdx_package(const PackageRecord& package) {
    const package::Identity& identity = package.identity;
    return {
        {"SPDXID", spdx_id(identity.name)},
        {"name", identity.name},
        {"versionInfo", identity.version},
        {"summary", identity.summary},
        {"downloadLocation", "NOASSERTION"},
        {"filesAnalyzed", false},
        {"licenseConcluded", "NOASSERTION"},
        {"licenseDeclared", identity.license.empty() ? "NOASSERTION" : identity.license},
        {"copyrightText", "NOASSERTION"},
        {"sourceInfo", source_info(identity)},
        {"checksums", Json::array({{{"algorithm", "BLAKE2b-256"}, {"checksumValue", package.id.to_hex()}}})}};
}

Json make_relationship(const std::string& from, std::string_view type, const std::string& to) {
    return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

}  // namespace

std::string make_release(const ImageDefinition& definition, KeyKind keys) {
    return format_json({{"name", definition.name},
                        {"version", definition.version},
                        {"architecture", layout::to_text(definition.architecture)},
                        {"build_time", definition.date},
                        {"version_floor", definition.version_floor},
                        {"update_repository", definition.update_repository},
                        {"settings_format", definition.settings_format},
                        {"first_boot", definition.first_boot},
                        {"first_boot_key", definition.first_boot_key},
                        {"development_keys", keys == KeyKind::development}});
}

std::string make_settings_defaults(const ImageDefinition& definition) {
    Json defaults = Json::object();
    if (!definition.update_repository.empty())
        defaults["updates"]["repository"] = definition.update_repository;
    defaults.merge_patch(definition.settings);
    return format_json(defaults);
}

std::string make_os_release(const ImageDefinition& definition, KeyKind keys) {
    const std::string note = keys == KeyKind::development ? " (development keys)" : "";
    std::string text = std::format(
        "NAME=\"Cairn\"\nID=cairn\nPRETTY_NAME={}\nVERSION_ID={}\nIMAGE_ID={}\nIMAGE_VERSION={}\n"
        "ARCHITECTURE={}\n",
        quote(std::format("Cairn {} {}{}", definition.name, definition.version, note)),
        quote(definition.version), quote(definition.name), quote(definition.version),
        definition.architecture == layout::Architecture::x86_64 ? "x86-64" : "arm64");
    if (keys == KeyKind::development) text += "CAIRN_KEYS=development\n";
    return text;
}

std::string make_sbom(const ImageDefinition& definition, const std::vector<PackageRecord>& packages) {
    const std::string architecture(layout::to_text(definition.architecture));
    const crypto::Hash seed = layout::make_seed(definition.name, definition.version, architecture);
    const std::string image_id = "SPDXRef-Image";
    Json listed = Json::array({{{"SPDXID", image_id},
                                {"name", definition.name},
                                {"versionInfo", definition.version},
                                {"downloadLocation", "NOASSERTION"},
                                {"filesAnalyzed", false},
                                {"licenseConcluded", "NOASSERTION"},
                                {"licenseDeclared", "NOASSERTION"},
                                {"copyrightText", "NOASSERTION"},
                                {"primaryPackagePurpose", "OPERATING-SYSTEM"}}});
    Json relationships = Json::array({make_relationship("SPDXRef-DOCUMENT", "DESCRIBES", image_id)});
    for (const PackageRecord& package : packages) {
        listed.push_back(make_spdx_package(package));
        relationships.push_back(make_relationship(image_id, "CONTAINS", spdx_id(package.identity.name)));
    }
    return format_json({{"spdxVersion", "SPDX-2.3"},
                        {"dataLicense", "CC0-1.0"},
                        {"SPDXID", "SPDXRef-DOCUMENT"},
                        {"name", std::format("{}-{}-{}", definition.name, definition.version, architecture)},
                        {"documentNamespace", std::format("https://spdx.org/spdxdocs/{}-{}-{}-{}",
                                                          definition.name, definition.version, architecture,
                                                          to_text(layout::derive_guid(seed, "sbom")))},
                        {"creationInfo", {{"created", definition.date}, {"creators", {"Tool: cairn"}}}},
                        {"packages", listed},
                        {"relationships", relationships}});
}

std::string make_sbat(const ImageDefinition& definition) {
    return std::format(
        "sbat,1,SBAT "
        "Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\ncairn,1,Cairn,{},{},-\n",
        definition.name, definition.version);
}

std::string make_manifest(const ImageDefinition& definition, const std::vector<PackageRecord>& packages,
                          KeyKind keys, const ManifestFacts& facts) {
    Json listed = Json::array();
    for (const PackageRecord& package : packages)
        listed.push_back({{"name", package.identity.name},
                          {"version", package.identity.version},
                          {"id", package.id.to_hex()},
                          {"size", package.size},
                          {"output", package.identity.output.to_hex()}});
    Json files = Json::object();
    for (const auto& [name, hash] : facts.files) files[name] = hash.to_hex();
    return format_json({{"format", 1},
                        {"name", definition.name},
                        {"version", definition.version},
                        {"architecture", layout::to_text(definition.architecture)},
                        {"date", definition.date},
                        {"development_keys", keys == KeyKind::development},
                        {"root_hash", facts.root_hash.to_hex()},
                        {"root_size", facts.root_size},
                        {"verity_size", facts.verity_size},
                        {"boot_file_size", facts.boot_file_size},
                        {"version_floor", definition.version_floor},
                        {"settings_format", definition.settings_format},
                        {"kernel_release", facts.kernel_release},
                        {"command_line", facts.command_line},
                        {"sizes",
                         {{"esp", definition.sizes.esp},
                          {"root", definition.sizes.root},
                          {"verity", definition.sizes.verity},
                          {"sector", definition.sector_size}}},
                        {"files", files},
                        {"packages", listed}});
}

}  // namespace cairn::assemble
