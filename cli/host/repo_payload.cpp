#include "cli/host/repo_payload.h"

#include "images/payload/payload.h"
#include "pkg/base/error.h"
#include "pkg/repo/payload_files.h"

namespace cairn::host {

Json put_payload(const repo::Repository& repository, const std::filesystem::path& image_folder) {
    const Json manifest = read_json(image_folder / "manifest.json");
    const crypto::Hash root_hash = crypto::parse_hash(manifest.at("root_hash").get<std::string>());
    const std::filesystem::path place = repository.targets_path() / repo::payload_folder;
    if (const auto known = payload::find_payload(place, root_hash)) return payload::to_json(*known);
    return payload::to_json(payload::make_payload({.root = image_folder / "root.erofs",
                                                   .verity = image_folder / "root.verity",
                                                   .root_hash = root_hash,
                                                   .output = place}));
}

}  // namespace cairn::host
