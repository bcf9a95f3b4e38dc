#pragma once

#include <sys/stat.h>

#include <set>

#include "pkg/base/files.h"
#include "tests/fuzz/fuzz.h"

namespace cairn::fuzz {

/// A folder for what comes out of an input, and around it what must not change.
class WalledFolder {
  public:
    WalledFolder() {
        make_directories(path());
        write_file(outside(), "outside");
        before_ = status(outside());
    }

    std::filesystem::path path() const { return work_.path() / "inside"; }

    /// Nothing was made, changed or linked to outside.
    void check() const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(work_.path()))
            names.insert(entry.path().filename().string());
        require(names == std::set<std::string>{"inside", "outside"}, "nothing is made outside");
        const struct stat after = status(outside());
        require(after.st_ino == before_.st_ino && after.st_nlink == 1 && after.st_mode == before_.st_mode &&
                    after.st_mtim.tv_sec == before_.st_mtim.tv_sec && read_file(outside()) == "outside",
                "nothing outside is changed");
    }

    static struct stat status(const std::filesystem::path& path) {
        struct stat result{};
        require(::lstat(path.c_str(), &result) == 0, "what is listed is there");
        return result;
    }

  private:
    std::filesystem::path outside() const { return work_.path() / "outside"; }

    TemporaryDirectory work_;
    struct stat before_{};
};

}  // namespace cairn::fuzz
