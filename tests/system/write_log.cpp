#include "tests/system/write_log.h"

#include <fcntl.h>

#include <array>
#include <cstring>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::system_test {

namespace {

constexpr std::uint64_t magic = 0x6a736677736872;
constexpr std::uint64_t sector = 512;
constexpr std::uint64_t flush_flag = 1;
constexpr std::uint64_t fua_flag = 2;
constexpr std::uint64_t discard_flag = 4;

/// Little-endian words at the start of a sector.
std::array<std::uint64_t, 4> read_words(const Fd& log, std::uint64_t offset) {
    std::array<std::uint8_t, 32> bytes = {};
    read_exactly_at(log.get(), bytes, offset, "the log of writes");
    std::array<std::uint64_t, 4> words = {};
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
}

}  // namespace

std::vector<DiskEvent> read_write_log(const std::filesystem::path& path) {
    const Fd log = open_file(path, O_RDONLY);
    const auto head = read_words(log, 0);
    if (head[0] != magic || static_cast<std::uint32_t>(head[3]) != sector)
        throw Error("this is no log of writes with sectors of 512 bytes").detail("file", path.string());
    std::vector<DiskEvent> events;
    std::uint64_t at = sector;
    for (std::uint64_t entry = 0; entry < head[2]; ++entry) {
        const auto [first, count, flags, unused] = read_words(log, at);
        at += sector;
        const std::uint64_t length = count * sector;
        if ((flags & flush_flag) != 0) events.push_back({.kind = DiskEvent::Kind::flush});
        if ((flags & discard_flag) != 0) {
            events.push_back({DiskEvent::Kind::discard, first * sector, length});
        } else if (length != 0) {
            events.push_back({DiskEvent::Kind::write, first * sector, length, at, (flags & fua_flag) != 0});
            at += length;
        }
    }
    return events;
}

}  // namespace cairn::system_test
