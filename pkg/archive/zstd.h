#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Zstandard, one block of memory at a time. The same input, level and library version give the same bytes.
namespace cairn::archive {

constexpr int default_zstd_level = 3;

/// Holds the working memory between calls; for one thread at a time.
class ZstdCompressor {
  public:
    explicit ZstdCompressor(int level = default_zstd_level);
    /// Replaces `out` with one frame that states its content's size.
    void compress(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);

  private:
    struct Free {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, Free> context_;  // ZSTD_CCtx
    int level_;
};

class ZstdDecompressor {
  public:
    ZstdDecompressor();
    /// Unpacks `bytes` so that they fill `out` exactly. Throws VerifyError when they are damaged, or unpack
    /// to more or less than that; never writes outside of `out`.
    void decompress(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out);

  private:
    struct Free {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, Free> context_;  // ZSTD_DCtx
};

/// Whole texts at once. decompress_zstd throws VerifyError for damaged input and for more than `limit` bytes.
std::string compress_zstd(std::string_view text, int level = default_zstd_level);
std::string decompress_zstd(std::string_view text, std::uint64_t limit);

}  // namespace cairn::archive
