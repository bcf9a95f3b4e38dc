#include "images/payload/description.h"

#include "images/layout/verity_format.h"
#include "images/payload/frames_index.h"
#include "images/payload/members.h"
#include "images/payload/verity_tree.h"

namespace cairn::payload {
namespace {

constexpr int format_version = 1;
constexpr std::uint64_t block_size = layout::verity_block_size;

}  // namespace

Json to_json(const Payload& payload) {
    return {{"format", format_version},
            {"tree_size", payload.tree_size},
            {"frames_size", payload.frames_size},
            {"frames_index_size", payload.frames_index_size},
            {"frames_index_sha256", payload.frames_index.to_hex()}};
}

Payload parse_payload(const Json& image, std::string_view name) {
    const Members members(image, name, "a payload");
    const Members payload = members.object("payload");
    if (payload.member("format") != format_version) payload.refuse("its format is another");
    const std::uint64_t root_size = members.size("root_size");
    if (root_size == 0 || root_size % block_size != 0) members.refuse("'root_size' is not whole blocks");
    const Payload result = {.root_hash = members.hash("root_hash"),
                            .data_blocks = root_size / block_size,
                            .tree_size = payload.size("tree_size"),
                            .frames_size = payload.size("frames_size"),
                            .frames_index_size = payload.size("frames_index_size"),
                            .frames_index = payload.hash("frames_index_sha256")};
    if (result.tree_size != make_tree_shape(result.data_blocks).blocks() * block_size)
        payload.refuse("'tree_size' is not that of a tree over 'root_size'");
    if (result.frames_index_size > size_of_frames_index(result.data_blocks))
        payload.refuse("'frames_index_size' is more than a frame for each block");
    return result;
}

}  // namespace cairn::payload
