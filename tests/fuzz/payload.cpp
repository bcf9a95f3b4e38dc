#include <algorithm>

#include "images/payload/boot_parts.h"
#include "images/payload/frames_index.h"
#include "images/payload/image_json.h"
#include "installer/update/updates_list.h"
#include "pkg/base/version_order.h"
#include "tests/fuzz/fuzz.h"

/// Input: a `.frames.idx`, an image.json or a boot.json, or an updates.json; none can be taken for another.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

void check_index(Bytes input) {
    const auto index =
        find_accepted<VerifyError>([&] { return payload::parse_frames_index(input, "index"); });
    if (!index) return;
    require(std::ranges::equal(payload::to_bytes(*index), input), "there is one encoding");
    std::uint64_t block = 0;
    std::uint64_t offset = 0;
    for (const payload::Frame& frame : index->frames) {
        require(frame.first_block == block && frame.offset == offset, "frames have no gaps");
        require(frame.blocks > 0 && frame.blocks <= payload::most_blocks_per_frame, "frames are small");
        block += frame.blocks;
        offset += frame.size;
    }
    require(block == index->data_blocks && offset == index->frames_size(), "the sums are right");
}

void check_image(const Json& image) {
    if (find_accepted<VerifyError>([&] { return payload::parse_image(image, "image.json"); }))
        payload::parse_payload(image, "image.json");
    const auto found =
        find_accepted<VerifyError>([&] { return payload::parse_payload(image, "image.json"); });
    if (!found) return;
    Json again = image;
    again["payload"] = payload::to_json(*found);
    require(payload::parse_payload(again, "image.json") == *found, "written back and read it is the same");
}

void check_boot_parts(const Json& json) {
    const auto parts =
        find_accepted<VerifyError>([&] { return payload::parse_boot_parts(json, "boot.json"); });
    if (!parts) return;
    require(payload::parse_boot_parts(payload::to_json(*parts), "again") == *parts,
            "written back and read it is the same");
    require(parts->size() <= payload::most_boot_file_bytes, "it is bounded");
    std::uint64_t written = 0;
    payload::write_boot_file(
        *parts,
        [](std::string_view file, std::uint64_t, std::span<std::uint8_t>) {
            require(file.starts_with("usr/lib/cairn/boot/") && !file.contains(".."),
                    "it stays in its folder");
        },
        [&](Bytes bytes) { written += bytes.size(); });
    require(written == parts->size(), "it has the size that it says");
}

void check_updates(const Json& json) {
    const auto list =
        find_accepted<VerifyError>([&] { return update::parse_updates_list(json, "updates.json"); });
    if (!list) return;
    for (std::size_t index = 1; index < list->versions.size(); ++index)
        require(compare_versions(list->versions[index - 1].version, list->versions[index].version) >= 0,
                "the newest is first");
    for (const update::OfferedVersion& offer : list->versions)
        for (const update::Wave& wave : offer.waves)
            require(wave.seeds_below <= update::seed_count, "bounds are seeds");
}

}  // namespace

FUZZ_TARGET(input) {
    check_index(input);
    const auto json = find_accepted<VerifyError>([&] { return parse_json(text_of(input), "input"); });
    if (!json) return;
    check_image(*json);
    check_boot_parts(*json);
    check_updates(*json);
}
