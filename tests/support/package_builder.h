#pragma once

#include <filesystem>
#include <string>

#include "pkg/archive/tree.h"
#include "pkg/base/files.h"
#include "pkg/crypto/key.h"
#include "pkg/package/reader.h"
#include "pkg/package/writer.h"

namespace cairn::testing {

/// Always the same key.
inline crypto::SecretKey fixed_key() {
    std::array<std::uint8_t, 32> seed;
    seed.fill(7);
    return crypto::SecretKey(seed);
}

inline package::Identity make_identity(const std::string& name, const std::string& version = "1.0") {
    return {.name = name,
            .version = version,
            .architecture = "x86_64",
            .license = "MIT",
            .summary = "made for a test",
            .recipe = name};
}

/// A package out of files written down in a test: PackageBuilder("a").file("usr/bin/a", "…").link(…).open().
class PackageBuilder {
  public:
    explicit PackageBuilder(const std::string& name, const std::string& version = "1.0")
        : identity(make_identity(name, version)) {
        make_directories(stage());
    }

    PackageBuilder& file(const std::string& path, std::string_view content, mode_t mode = 0644) {
        make_directories((stage() / path).parent_path());
        write_file(stage() / path, content, mode);
        return *this;
    }
    PackageBuilder& directory(const std::string& path) {
        make_directories(stage() / path);
        return *this;
    }
    PackageBuilder& symlink(const std::string& path, const std::string& target) {
        make_directories((stage() / path).parent_path());
        std::filesystem::create_symlink(target, stage() / path);
        return *this;
    }
    PackageBuilder& hard_link(const std::string& path, const std::string& existing) {
        std::filesystem::create_hard_link(stage() / existing, stage() / path);
        return *this;
    }
    PackageBuilder& depends(std::vector<std::string> relations) {
        identity.depends = std::move(relations);
        return *this;
    }

    std::filesystem::path stage() const { return directory_.path() / "stage"; }
    std::filesystem::path output() const { return directory_.path() / package::file_name(identity); }
    archive::FileTree tree() const { return archive::scan_tree(stage()); }

    /// Packs `tree` (the stage's own by default) and opens the result.
    package::PackageReader open(const package::PackOptions& options = {}) { return open(tree(), options); }
    package::PackageReader open(const archive::FileTree& packed, const package::PackOptions& options = {}) {
        crypto::SecretKey key = fixed_key();
        package::make_package(stage(), packed, identity, key, output(), options);
        return package::open_package(output(), package::AllowedKeys({key.public_key()}));
    }

    package::Identity identity;

  private:
    TemporaryDirectory directory_;
};

}  // namespace cairn::testing
