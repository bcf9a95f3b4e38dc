#include "pkg/package/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "tests/support/package_builder.h"

namespace cairn::package {
namespace {

using testing::PackageBuilder;

/// A tiny ELF file with just what is read: header, a loaded segment, a dynamic segment, strings.
std::string make_elf(const std::string& soname, const std::vector<std::string>& needed,
                     std::uint16_t machine = EM_X86_64) {
    constexpr std::uint64_t address = 0x400000;
    std::string strings(1, '\0');
    std::vector<Elf64_Dyn> dynamic;
    const auto add = [&](Elf64_Sxword tag, const std::string& text) {
        dynamic.push_back({.d_tag = tag, .d_un = {.d_val = strings.size()}});
        strings += text + '\0';
    };
    for (const std::string& name : needed) add(DT_NEEDED, name);
    if (!soname.empty()) add(DT_SONAME, soname);
    const std::uint64_t dynamic_at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const std::uint64_t strings_at = dynamic_at + (dynamic.size() + 3) * sizeof(Elf64_Dyn);
    dynamic.push_back({.d_tag = DT_STRTAB, .d_un = {.d_ptr = address + strings_at}});
    dynamic.push_back({.d_tag = DT_STRSZ, .d_un = {.d_val = strings.size()}});
    dynamic.push_back({.d_tag = DT_NULL, .d_un = {.d_val = 0}});
    const std::uint64_t size = strings_at + strings.size();
    Elf64_Ehdr header{.e_type = ET_DYN,
                      .e_machine = machine,
                      .e_phoff = sizeof(Elf64_Ehdr),
                      .e_phentsize = sizeof(Elf64_Phdr),
                      .e_phnum = 2};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    const Elf64_Phdr segments[2] = {
        {.p_type = PT_LOAD, .p_offset = 0, .p_vaddr = address, .p_filesz = size, .p_memsz = size},
        {.p_type = PT_DYNAMIC,
         .p_offset = dynamic_at,
         .p_vaddr = address + dynamic_at,
         .p_filesz = dynamic.size() * sizeof(Elf64_Dyn)}};
    std::string bytes;
    const auto append = [&](const void* data, std::size_t length) {
        bytes.append(static_cast<const char*>(data), length);
    };
    append(&header, sizeof header);
    append(segments, sizeof segments);
    append(dynamic.data(), dynamic.size() * sizeof(Elf64_Dyn));
    return bytes + strings;
}

std::optional<ElfLinks> find_links(const std::string& bytes) {
    const Fd fd(::memfd_create("elf", MFD_CLOEXEC));
    write_all(fd.get(), bytes, "memory");
    return find_elf_links(fd.get(), "elf");
}

TEST(Elf, FindsSonameAndNeeded) {
    EXPECT_EQ(find_links(make_elf("liba.so.1", {"libc.so", "libz.so.1"})),
              (ElfLinks{"liba.so.1", {"libc.so", "libz.so.1"}}));
    EXPECT_EQ(find_links(make_elf("", {"libc.so"}, EM_AARCH64)), (ElfLinks{"", {"libc.so"}}));
    EXPECT_EQ(find_links("#!/bin/sh\n"), std::nullopt);
    EXPECT_EQ(find_links(""), std::nullopt);
}

TEST(Elf, ReadsWhatTheLinkerMade) {
    // This test program itself.
    const auto links = find_elf_links(open_file("/proc/self/exe", O_RDONLY).get(), "self");
    ASSERT_TRUE(links.has_value());
    EXPECT_NE(std::ranges::find(links->needed, "libc.so.6"), links->needed.end());
}

TEST(Elf, DamagedFilesNeverReadOutside) {
    const std::string whole = make_elf("liba.so.1", {"libc.so"});
    for (std::size_t length = 0; length < whole.size(); ++length) try {
            find_links(whole.substr(0, length));
        } catch (const VerifyError&) {
        }
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        try {
            find_links(damaged);
        } catch (const VerifyError&) {
        }
    }
    EXPECT_THROW(find_links(whole.substr(0, whole.size() - 1)), VerifyError);
}

TEST(LibraryRelations, AreWhatATreeGivesAndAsksFor) {
    PackageBuilder builder("libs");
    builder.file("usr/lib/liba.so.1.2", make_elf("liba.so.1", {"libc.so"}))
        .file("usr/lib/libplain.so", make_elf("", {}))
        .file("usr/lib/plugins/p.so", make_elf("p.so", {"liba.so.1", "libx.so.3"}))
        .file("usr/bin/tool", make_elf("", {"liba.so.1", "libz.so.1"}), 0755)
        .file("usr/bin/script", std::string(100, '#'), 0755)
        .file("usr/share/data.bin", make_elf("", {"libhidden.so"}))
        .symlink("usr/lib/liba.so", "liba.so.1.2");
    const LibraryRelations relations = find_library_relations(builder.stage(), builder.tree());
    EXPECT_EQ(relations, (LibraryRelations{.provides = {"so:liba.so.1", "so:libplain.so"},
                                           .depends = {"so:libc.so", "so:libx.so.3", "so:libz.so.1"}}));
    Identity identity = testing::make_identity("libs");
    identity.depends = {"so:libz.so.1", "zoo"};
    add_library_relations(identity, relations);
    EXPECT_EQ(identity.depends,
              (std::vector<std::string>{"so:libc.so", "so:libx.so.3", "so:libz.so.1", "zoo"}));
    EXPECT_NO_THROW(check_identity(identity));
}

}  // namespace
}  // namespace cairn::package
