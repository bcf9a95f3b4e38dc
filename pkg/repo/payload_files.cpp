#include "pkg/repo/payload_files.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/crypto/hash.h"

namespace cairn::repo {

namespace fs = std::filesystem;

std::vector<PayloadFile> list_payload_files(const Json& image) {
    if (!image.contains("payload")) return {};
    try {
        const Json& payload = image.at("payload");
        const std::string root_hash = crypto::parse_hash(image.at("root_hash").get<std::string>()).to_hex();
        const auto name = [&](std::string_view ending) {
            return std::format("{}/{}{}", payload_folder, root_hash, ending);
        };
        return {{.name = name(".tree"), .size = payload.at("tree_size").get<std::uint64_t>()},
                {.name = name(".frames"), .size = payload.at("frames_size").get<std::uint64_t>()},
                {.name = name(".frames.idx"),
                 .size = payload.at("frames_index_size").get<std::uint64_t>(),
                 .sha256 = payload.at("frames_index_sha256").get<std::string>()}};
    } catch (const Json::exception& error) {
        throw VerifyError(std::format("an image.json does not describe its payload: {}", error.what()));
    }
}

void check_payload_file(const fs::path& targets, const PayloadFile& file) {
    const fs::path place = targets / file.name;
    const auto refuse = [&](const std::string& why) {
        throw VerifyError(std::format("'{}' is not what image.json names: {}", place.string(), why));
    };
    if (!fs::is_regular_file(place)) refuse("it is not there");
    if (fs::file_size(place) != file.size)
        refuse(std::format("it has {} bytes instead of {}", fs::file_size(place), file.size));
    if (!file.sha256.empty() && crypto::hash_file_sha256(place).to_hex() != file.sha256)
        refuse("its SHA-256 is another");
}

}  // namespace cairn::repo
