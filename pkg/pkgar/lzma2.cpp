#include "pkg/pkgar/lzma2.h"

#include <lzma.h>

#include <algorithm>
#include <array>
#include <format>
#include <vector>

#include "pkg/base/error.h"

namespace cairn::pkgar {
namespace {

constexpr std::uint64_t largest_dictionary = std::uint64_t{64} << 20;

class Decoder {
  public:
    explicit Decoder(std::uint64_t plain_size) {
        // No match reaches further back than the content is long.
        lzma_options_lzma options{};
        options.dict_size = static_cast<std::uint32_t>(
            std::clamp<std::uint64_t>(plain_size, LZMA_DICT_SIZE_MIN, largest_dictionary));
        const std::array<lzma_filter, 2> filters = {lzma_filter{.id = LZMA_FILTER_LZMA2, .options = &options},
                                                    lzma_filter{.id = LZMA_VLI_UNKNOWN, .options = nullptr}};
        if (::lzma_raw_decoder(&stream, filters.data()) != LZMA_OK)
            throw Error("cannot unpack LZMA2 data: there is no memory");
    }
    Decoder(const Decoder&) = delete;
    ~Decoder() { ::lzma_end(&stream); }

    lzma_stream stream = LZMA_STREAM_INIT;
};

[[noreturn]] void refuse(std::string_view why) {
    throw VerifyError(std::format("cannot unpack LZMA2 data: {}", why));
}

}  // namespace

void unpack_lzma2(std::uint64_t plain_size, const Source& source, const Sink& sink) {
    Decoder decoder(plain_size);
    lzma_stream& stream = decoder.stream;
    std::vector<std::uint8_t> plain(std::size_t{64} << 10);
    lzma_ret result = LZMA_OK;
    for (bool is_at_end = false; result != LZMA_STREAM_END;) {
        if (stream.avail_in == 0 && !is_at_end) {
            const auto stored = source();
            is_at_end = stored.empty();
            stream.next_in = stored.data();
            stream.avail_in = stored.size();
        }
        stream.next_out = plain.data();
        stream.avail_out = plain.size();
        result = ::lzma_code(&stream, is_at_end ? LZMA_FINISH : LZMA_RUN);
        if (stream.total_out > plain_size) refuse("it is longer than it says");
        sink(std::span(plain).first(plain.size() - stream.avail_out));
        if (result != LZMA_OK && result != LZMA_STREAM_END) refuse("it is damaged, or ends early");
    }
    if (stream.total_out != plain_size) refuse("it is shorter than it says");
    if (stream.avail_in != 0 || !source().empty()) refuse("there is something behind its end");
}

}  // namespace cairn::pkgar
