#include "installer/update/block_fetch.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::update {
namespace {

/// Frames between two needed ones are fetched too when they are smaller than a request is dear.
constexpr std::uint64_t bytes_of_a_request = 16 * 1024;

}  // namespace

BlockFetch::BlockFetch(const FillRequest& request, const payload::Tree& tree, const std::vector<Origin>& plan,
                       net::Transport& transport, FillResult& result)
    : request_(request), tree_(tree), plan_(plan), transport_(transport), result_(result) {}

std::string BlockFetch::url(std::string_view ending) const {
    return std::format("{}/{}{}", request_.payload, tree_.root_hash.to_hex(), ending);
}

void BlockFetch::run(const std::function<void(std::uint64_t)>& on_blocks) {
    if (!std::ranges::contains(plan_, Origin::fetched)) return;
    on_blocks_ = on_blocks;
    index_ = fetch_index();
    const std::vector<payload::Frame>& frames = index_.frames;
    for (std::size_t first = 0; first < frames.size();) {
        if (!is_needed(frames[first])) {
            ++first;
            continue;
        }
        std::size_t end = first + 1;
        for (std::size_t next = end; next < frames.size(); ++next) {
            if (is_needed(frames[next])) end = next + 1;
            if (frames[next].offset + frames[next].size - (frames[end - 1].offset + frames[end - 1].size) >
                bytes_of_a_request)
                break;
        }
        if (!fetch_frames(first, end, net::Ranges::required)) {
            // Once from here to the end, instead of from the start for each part.
            fetch_frames(first, frames.size(), net::Ranges::preferred);
            return;
        }
        first = end;
    }
}

payload::FramesIndex BlockFetch::fetch_index() {
    const std::string address = url(".frames.idx");
    payload::Bytes bytes;
    ++result_.requests;
    const net::Outcome outcome = transport_.get(
        {.url = address, .limit = request_.wanted.frames_index_size, .proxy = request_.proxy},
        [&](std::span<const std::uint8_t> more) { bytes.insert(bytes.end(), more.begin(), more.end()); });
    result_.bytes_of_index += bytes.size();
    if (outcome != net::Outcome::complete)
        throw NetworkError(std::format("cannot fetch '{}': the server does not have it", address));
    if (crypto::hash_sha256(bytes) != request_.wanted.frames_index)
        throw VerifyError(std::format("'{}' is not the index that image.json names", address))
            .detail("expected", request_.wanted.frames_index.to_hex())
            .detail("found", crypto::hash_sha256(bytes).to_hex());
    payload::FramesIndex index = payload::parse_frames_index(bytes, address);
    if (index.data_blocks != tree_.shape.data_blocks)
        throw VerifyError(std::format("'{}' has {} blocks, the root has {}", address, index.data_blocks,
                                      tree_.shape.data_blocks));
    return index;
}

bool BlockFetch::is_needed(const payload::Frame& frame) const {
    return std::ranges::contains(std::span(plan_).subspan(frame.first_block, frame.blocks), Origin::fetched);
}

bool BlockFetch::fetch_frames(std::size_t first, std::size_t end, net::Ranges ranges) {
    const payload::Frame& last = index_.frames[end - 1];
    const std::uint64_t start = index_.frames[first].offset;
    net::Request request{.url = url(".frames"), .offset = start, .ranges = ranges, .proxy = request_.proxy};
    request.length = last.offset + last.size - start;
    ++result_.requests;
    payload::Bytes packed;
    std::size_t current = first;
    const net::Outcome outcome = transport_.get(request, [&](std::span<const std::uint8_t> bytes) {
        result_.bytes_of_frames += bytes.size();
        while (!bytes.empty()) {
            const payload::Frame& frame = index_.frames[current];
            const std::size_t count = std::min<std::size_t>(bytes.size(), frame.size - packed.size());
            packed.insert(packed.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
            bytes = bytes.subspan(count);
            if (packed.size() < frame.size) continue;
            if (is_needed(frame)) take_frame(frame, packed);
            packed.clear();
            ++current;
        }
    });
    if (outcome == net::Outcome::no_ranges) return false;
    if (outcome == net::Outcome::not_found)
        throw NetworkError(std::format("cannot fetch '{}': the server does not have it", request.url));
    if (current != end)
        throw NetworkError(std::format("cannot fetch '{}': it ends before byte {}", request.url,
                                       index_.frames[current].offset + index_.frames[current].size));
    return true;
}

void BlockFetch::take_frame(const payload::Frame& frame, std::span<const std::uint8_t> packed) {
    plain_.resize(frame.blocks * block_size);
    with_context(std::format("fetching '{}'", url(".frames")),
                 [&] { decompressor_.decompress(packed, plain_); });
    const auto block_at = [&](std::uint64_t index) {
        return std::span<const std::uint8_t>(plain_).subspan(index * block_size, block_size);
    };
    const auto is_wanted = [&](std::uint64_t index) {
        return plan_[frame.first_block + index] == Origin::fetched;
    };
    for (std::uint64_t index = 0; index < frame.blocks; ++index)
        if (is_wanted(index) && hasher_.hash(block_at(index)) != tree_.leaf(frame.first_block + index))
            throw VerifyError(std::format("'{}' is not what the root hash says: block {} is another",
                                          url(".frames"), frame.first_block + index))
                .detail("root hash", tree_.root_hash.to_hex());
    for (std::uint64_t index = 0; index < frame.blocks;) {
        std::uint64_t end = index;
        while (end < frame.blocks && is_wanted(end)) ++end;
        if (end > index) {
            request_.idle.root.write(frame.first_block + index,
                                     std::span<const std::uint8_t>(plain_).subspan(
                                         index * block_size, (end - index) * block_size));
            result_.blocks_fetched += end - index;
            on_blocks_(end - index);
        }
        index = std::max(end, index + 1);
    }
}

}  // namespace cairn::update
