#include "images/payload/boot_splice.h"

#include <algorithm>
#include <format>
#include <optional>

#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

/// Shorter ranges cost more to name than they save.
constexpr std::uint64_t least_range = 64;

/// How far the two are equal.
std::uint64_t common_length(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other) {
    const auto length = std::min(one.size(), other.size());
    return static_cast<std::uint64_t>(std::ranges::mismatch(one.first(length), other.first(length)).in1 -
                                      one.begin());
}

/// Goes through the boot file from its start to its end.
class Splicer {
  public:
    Splicer(std::span<const std::uint8_t> boot_file, const std::vector<BootSource>& sources)
        : boot_file_(boot_file), sources_(sources), starts_(sources.size()) {}

    BootParts splice() {
        while (at_ < boot_file_.size()) {
            const std::optional<RootRange> range = find_range();
            if (!range) {
                rest_.push_back(boot_file_[at_++]);
                continue;
            }
            add_rest();
            parts_.pieces.emplace_back(*range);
            at_ += range->size;
        }
        add_rest();
        return std::move(parts_);
    }

  private:
    /// The longest range of a source that stands here: from its start, or from where it would be if it had
    /// gone on since it began.
    std::optional<RootRange> find_range() {
        RootRange best;
        std::size_t best_source = 0;
        for (std::size_t source = 0; source < sources_.size(); ++source) {
            const auto try_from = [&](std::uint64_t offset) {
                const std::span<const std::uint8_t> bytes = sources_[source].bytes;
                if (offset >= bytes.size()) return;
                const std::uint64_t size = common_length(boot_file_.subspan(at_), bytes.subspan(offset));
                if (size < least_range || size <= best.size) return;
                best = {.file = sources_[source].file, .offset = offset, .size = size};
                best_source = source;
            };
            try_from(0);
            if (starts_[source]) try_from(at_ - *starts_[source]);
        }
        if (best.size == 0) return std::nullopt;
        starts_[best_source] = at_ - best.offset;
        return best;
    }

    void add_rest() {
        if (!rest_.empty()) parts_.pieces.emplace_back(std::exchange(rest_, {}));
    }

    std::span<const std::uint8_t> boot_file_;
    const std::vector<BootSource>& sources_;
    std::vector<std::optional<std::uint64_t>> starts_;  // where each source began, in the boot file
    std::uint64_t at_ = 0;
    std::vector<std::uint8_t> rest_;
    BootParts parts_;
};

}  // namespace

BootParts make_boot_parts(std::span<const std::uint8_t> boot_file, const std::vector<BootSource>& sources) {
    // What no device would take, or would put together to something else, must not be published.
    BootParts parts;
    try {
        parts = parse_boot_parts(to_json(Splicer(boot_file, sources).splice()), "boot.json");
    } catch (const VerifyError& error) {
        throw Error(std::format("boot file is not put together from the root's files: {}", error.message()));
    }
    std::span<const std::uint8_t> rest = boot_file;
    write_boot_file(
        parts,
        [&](std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) {
            const auto source = std::ranges::find(sources, file, &BootSource::file);
            std::ranges::copy(source->bytes.subspan(offset, into.size()), into.begin());
        },
        [&](std::span<const std::uint8_t> bytes) {
            CHECK(std::ranges::equal(bytes, rest.first(bytes.size())));
            rest = rest.subspan(bytes.size());
        });
    CHECK(rest.empty());
    return parts;
}

}  // namespace cairn::payload
