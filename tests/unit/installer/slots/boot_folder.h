#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "installer/slots/boot_files.h"
#include "pkg/base/files.h"
#include "tests/unit/installer/slots/loader_model.h"

namespace cairn::slots {

inline const ImageVersion v1 = {.name = "base", .version = "1.0"};
inline const ImageVersion v2 = {.name = "base", .version = "2.0"};
inline const ImageVersion v10 = {.name = "base", .version = "10.0"};

/// In memory where there is such a place: every step syncs its whole file system, which on a disk that others
/// write to takes seconds.
inline TemporaryDirectory make_fast_directory() {
    const std::filesystem::path memory = "/dev/shm";
    return TemporaryDirectory(std::filesystem::is_directory(memory) ? memory : std::filesystem::path());
}

/// EFI/Linux of a made-up ESP: a real folder with whole boot files of the given names.
class BootFolder {
  public:
    explicit BootFolder(const std::vector<std::string>& files) {
        for (const std::string& file : files) put(file);
    }
    void put(const std::string& file) const {
        const auto found = find_boot_file(file);
        write_file(path() / file,
                   found ? make_boot_content(found->image.name, found->image.version) : "foreign");
    }
    void put(const std::string& file, std::string_view content) const { write_file(path() / file, content); }
    const std::filesystem::path& path() const { return directory_.path(); }
    BootFiles files() const { return BootFiles(Dir::open(path())); }
    std::vector<std::string> names() const { return Dir::open(path()).names(""); }

  private:
    TemporaryDirectory directory_ = make_fast_directory();
};

/// What stages a whole boot file.
inline auto write_whole(const ImageVersion& image) {
    return [content = make_boot_content(image.name, image.version)](int fd) {
        write_all(fd, content, "boot file");
    };
}

}  // namespace cairn::slots
