#include "images/payload/description.h"

#include <format>

#include "images/layout/verity_format.h"
#include "images/payload/frames_index.h"
#include "images/payload/verity_tree.h"
#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

constexpr int format_version = 1;
constexpr std::uint64_t block_size = layout::verity_block_size;
/// Far above every slot; so that no sum of sizes can overflow.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;

class Reader {
  public:
    explicit Reader(std::string_view name) : name_(name) {}

    const Json& member(const Json& object, const char* key) const {
        if (!object.is_object() || !object.contains(key)) refuse(std::format("there is no '{}'", key));
        return object.at(key);
    }
    std::uint64_t size(const Json& object, const char* key) const {
        const Json& value = member(object, key);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most_bytes)
            refuse(std::format("'{}' is no size", key));
        return value.get<std::uint64_t>();
    }
    crypto::Hash hash(const Json& object, const char* key) const {
        const Json& value = member(object, key);
        const auto found = value.is_string() ? crypto::find_hash(value.get<std::string>()) : std::nullopt;
        if (!found) refuse(std::format("'{}' is no hash", key));
        return *found;
    }
    [[noreturn]] void refuse(std::string_view why) const {
        throw VerifyError(std::format("'{}' does not describe a payload: {}", name_, why));
    }

  private:
    std::string_view name_;
};

}  // namespace

Json to_json(const Payload& payload) {
    return {{"format", format_version},
            {"tree_size", payload.tree_size},
            {"frames_size", payload.frames_size},
            {"frames_index_size", payload.frames_index_size},
            {"frames_index_sha256", payload.frames_index.to_hex()}};
}

Payload parse_payload(const Json& image, std::string_view name) {
    const Reader reader(name);
    const Json& payload = reader.member(image, "payload");
    if (reader.member(payload, "format") != format_version) reader.refuse("its format is another");
    const std::uint64_t root_size = reader.size(image, "root_size");
    if (root_size == 0 || root_size % block_size != 0) reader.refuse("'root_size' is not whole blocks");
    const Payload result = {.root_hash = reader.hash(image, "root_hash"),
                            .data_blocks = root_size / block_size,
                            .tree_size = reader.size(payload, "tree_size"),
                            .frames_size = reader.size(payload, "frames_size"),
                            .frames_index_size = reader.size(payload, "frames_index_size"),
                            .frames_index = reader.hash(payload, "frames_index_sha256")};
    if (result.tree_size != make_tree_shape(result.data_blocks).blocks() * block_size)
        reader.refuse("'tree_size' is not that of a tree over 'root_size'");
    if (result.frames_index_size > size_of_frames_index(result.data_blocks))
        reader.refuse("'frames_index_size' is more than a frame for each block");
    return result;
}

}  // namespace cairn::payload
