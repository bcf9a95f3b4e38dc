#include "pkg/archive/zstd.h"

#include <zstd.h>

#include <format>

#include "pkg/base/error.h"

namespace cairn::archive {
namespace {

[[noreturn]] void refuse(std::string_view why) {
    throw VerifyError(std::format("cannot unpack zstd data: {}", why));
}

}  // namespace

void ZstdCompressor::Free::operator()(void* context) const {
    ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context));
}
void ZstdDecompressor::Free::operator()(void* context) const {
    ZSTD_freeDCtx(static_cast<ZSTD_DCtx*>(context));
}

ZstdCompressor::ZstdCompressor(int level) : context_(ZSTD_createCCtx()), level_(level) {
    CHECK(context_ != nullptr);
}

void ZstdCompressor::compress(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out) {
    out.resize(ZSTD_compressBound(bytes.size()));
    const std::size_t size = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context_.get()), out.data(),
                                               out.size(), bytes.data(), bytes.size(), level_);
    if (ZSTD_isError(size))
        throw Error(std::format("cannot compress with zstd: {}", ZSTD_getErrorName(size)));
    out.resize(size);
}

ZstdDecompressor::ZstdDecompressor() : context_(ZSTD_createDCtx()) {
    CHECK(context_ != nullptr);
}

void ZstdDecompressor::decompress(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out) {
    const std::size_t size = ZSTD_decompressDCtx(static_cast<ZSTD_DCtx*>(context_.get()), out.data(),
                                                 out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size)) refuse(ZSTD_getErrorName(size));
    if (size != out.size()) refuse("it unpacks to less than was stated");
}

std::string compress_zstd(std::string_view text, int level) {
    std::vector<std::uint8_t> out;
    ZstdCompressor(level).compress({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, out);
    return std::string(out.begin(), out.end());
}

std::string decompress_zstd(std::string_view text, std::uint64_t limit) {
    const unsigned long long size = ZSTD_getFrameContentSize(text.data(), text.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) refuse("its size is not stated");
    if (size > limit) refuse(std::format("it unpacks to more than {} bytes", limit));
    std::string out(static_cast<std::size_t>(size), '\0');
    ZstdDecompressor().decompress({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                                  {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    return out;
}

}  // namespace cairn::archive
