#include <algorithm>

#include "images/payload/description.h"
#include "images/payload/frames_index.h"
#include "tests/fuzz/fuzz.h"

/// Input: a `.frames.idx`, or an image.json; neither can be taken for the other.
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

void check_description(Bytes input) {
    const auto image = find_accepted<VerifyError>([&] { return parse_json(text_of(input), "image.json"); });
    if (!image) return;
    const auto found =
        find_accepted<VerifyError>([&] { return payload::parse_payload(*image, "image.json"); });
    if (!found) return;
    Json again = *image;
    again["payload"] = payload::to_json(*found);
    require(payload::parse_payload(again, "image.json") == *found, "written back and read it is the same");
}

}  // namespace

FUZZ_TARGET(input) {
    check_index(input);
    check_description(input);
}
