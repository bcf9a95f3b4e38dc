#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "images/layout/architecture.h"

namespace cairn::assemble {

/// A small PE program that looks to tools like systemd's stub: one section of code and one with SBAT lines.
struct MadeUpStub {
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::uint32_t header_size = 1024;
    std::string sbat = "sbat,1,SBAT Version,sbat,1,url\nstub,1,Stub,stub,1,url\n";  // empty: no such section
    std::uint32_t sbat_room = 512;
};

inline std::vector<std::uint8_t> make_stub(const MadeUpStub& stub = {}) {
    constexpr std::size_t pe = 64, optional = pe + 24, sections = optional + 240;
    std::vector<std::uint8_t> file(stub.header_size);
    const auto put = [&](std::size_t offset, auto number) {
        std::memcpy(file.data() + offset, &number, sizeof number);
    };
    const auto put_section = [&](std::size_t index, const char* name, std::uint32_t size, std::uint32_t room,
                                 std::uint32_t address, std::uint32_t offset, std::uint32_t flags) {
        const std::size_t at = sections + index * 40;
        std::memcpy(file.data() + at, name, std::strlen(name));
        put(at + 8, size), put(at + 12, address), put(at + 16, room), put(at + 20, offset),
            put(at + 36, flags);
    };
    file[0] = 'M', file[1] = 'Z';
    put(60, std::uint32_t{pe});
    put(pe, std::uint32_t{0x4550});
    put(pe + 4, std::uint16_t(stub.architecture == layout::Architecture::x86_64 ? 0x8664 : 0xaa64));
    put(pe + 6, std::uint16_t(stub.sbat.empty() ? 1 : 2));
    put(pe + 8, std::uint32_t{0x12345678});
    put(pe + 20, std::uint16_t{240});
    put(pe + 22, std::uint16_t{0x22});
    put(optional, std::uint16_t{0x20b});
    put(optional + 16, std::uint32_t{0x1000});
    put(optional + 32, std::uint32_t{0x1000});
    put(optional + 36, std::uint32_t{0x200});
    put(optional + 56, std::uint32_t{0x3000});
    put(optional + 60, stub.header_size);
    put(optional + 68, std::uint16_t{10});
    put(optional + 108, std::uint32_t{16});
    put_section(0, ".text", 16, 512, 0x1000, stub.header_size, 0x60000020);
    if (!stub.sbat.empty())
        put_section(1, ".sbat", static_cast<std::uint32_t>(stub.sbat.size()), stub.sbat_room, 0x2000,
                    stub.header_size + 512, 0x40000040);
    file.resize(stub.header_size + 512 + (stub.sbat.empty() ? 0 : stub.sbat_room));
    std::memcpy(file.data() + stub.header_size + 512, stub.sbat.data(), stub.sbat.size());
    return file;
}

}  // namespace cairn::assemble
