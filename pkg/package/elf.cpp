#include "pkg/package/elf.h"

#include <elf.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <format>
#include <set>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::package {
namespace {

constexpr std::uint64_t table_limit = 16 << 20;  // program headers, dynamic section, string table

class ElfFile {
  public:
    ElfFile(int fd, const std::string& name) : fd_(fd), name_(name), size_(file_size(fd, name)) {}

    bool read_header() {
        if (size_ < sizeof header_) return false;
        header_ = read_one<Elf64_Ehdr>(0);
        return std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 &&
               header_.e_ident[EI_CLASS] == ELFCLASS64 && header_.e_ident[EI_DATA] == ELFDATA2LSB &&
               header_.e_phnum > 0;
    }

    std::optional<ElfLinks> find_links() {
        if (header_.e_phentsize != sizeof(Elf64_Phdr)) refuse();
        segments_ = read_row<Elf64_Phdr>(header_.e_phoff, header_.e_phnum);
        const auto dynamic = std::ranges::find(segments_, Elf64_Word{PT_DYNAMIC}, &Elf64_Phdr::p_type);
        if (dynamic == segments_.end()) return std::nullopt;
        const auto entries = read_row<Elf64_Dyn>(dynamic->p_offset, dynamic->p_filesz / sizeof(Elf64_Dyn));
        return links_of(
            {entries.begin(), std::ranges::find(entries, Elf64_Sxword{DT_NULL}, &Elf64_Dyn::d_tag)});
    }

  private:
    ElfLinks links_of(const std::vector<Elf64_Dyn>& entries) {
        const std::string strings = read_strings(entries);
        ElfLinks links;
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_SONAME) links.soname = string_at(strings, entry.d_un.d_val);
            if (entry.d_tag == DT_NEEDED) links.needed.push_back(string_at(strings, entry.d_un.d_val));
        }
        return links;
    }

    /// The dynamic section gives addresses as in memory; the segments say where in the file that is.
    std::string read_strings(const std::vector<Elf64_Dyn>& entries) {
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
            if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
        }
        for (const Elf64_Phdr& segment : segments_) {
            if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
            const std::uint64_t skip = address - segment.p_vaddr;
            if (skip > segment.p_filesz || size > segment.p_filesz - skip) continue;
            const auto bytes = read_row<char>(segment.p_offset + skip, size);
            return std::string(bytes.begin(), bytes.end());
        }
        return {};
    }

    std::string string_at(const std::string& strings, std::uint64_t offset) const {
        const std::size_t end = offset < strings.size() ? strings.find('\0', offset) : std::string::npos;
        if (end == std::string::npos) refuse();
        return strings.substr(offset, end - offset);
    }

    template <class T>
    T read_one(std::uint64_t offset) const {
        return read_row<T>(offset, 1)[0];
    }

    template <class T>
    std::vector<T> read_row(std::uint64_t offset, std::uint64_t count) const {
        if (count > table_limit / sizeof(T) || offset > size_ || count * sizeof(T) > size_ - offset) refuse();
        std::vector<T> row(count);
        read_exactly_at(fd_, {reinterpret_cast<std::uint8_t*>(row.data()), count * sizeof(T)}, offset, name_);
        return row;
    }

    [[noreturn]] void refuse() const {
        throw VerifyError(std::format("cannot read ELF file '{}': it points outside of itself", name_));
    }

    int fd_;
    std::string name_;
    std::uint64_t size_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;
};

bool may_be_linked(const archive::FileEntry& entry) {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    return entry.kind == archive::Kind::file && entry.size >= sizeof(Elf64_Ehdr) &&
           ((entry.mode & 0111) != 0 || name.contains(".so"));
}

/// Where the dynamic linker looks.
bool is_in_library_directory(const std::string& path) {
    return path.starts_with("usr/lib/") && path.find('/', 8) == std::string::npos;
}

void merge_into(std::vector<std::string>& list, const std::vector<std::string>& more) {
    list.insert(list.end(), more.begin(), more.end());
    std::ranges::sort(list);
    const auto rest = std::ranges::unique(list);
    list.erase(rest.begin(), rest.end());
}

}  // namespace

std::optional<ElfLinks> find_elf_links(int fd, const std::string& name) {
    ElfFile file(fd, name);
    if (!file.read_header()) return std::nullopt;
    return file.find_links();
}

LibraryRelations find_library_relations(const std::filesystem::path& stage_path,
                                        const archive::FileTree& tree) {
    const Dir stage = Dir::open(stage_path);
    std::set<std::string> provided;
    std::set<std::string> needed;
    for (const archive::FileEntry& entry : tree.entries) {
        if (!may_be_linked(entry)) continue;
        const auto links = find_elf_links(stage.open_file(entry.path, O_RDONLY).get(), entry.path);
        if (!links) continue;
        for (const std::string& name : links->needed) needed.insert("so:" + name);
        if (!is_in_library_directory(entry.path)) continue;
        provided.insert("so:" + (links->soname.empty() ? entry.path.substr(8) : links->soname));
    }
    LibraryRelations relations{.provides = {provided.begin(), provided.end()}};
    std::ranges::set_difference(needed, provided, std::back_inserter(relations.depends));
    return relations;
}

void add_library_relations(Identity& identity, const LibraryRelations& relations) {
    merge_into(identity.provides, relations.provides);
    merge_into(identity.depends, relations.depends);
}

}  // namespace cairn::package
