#include "cli/host/check_image.h"

#include <algorithm>
#include <format>
#include <map>
#include <print>

#include "cli/host/image_build.h"
#include "cli/host/packing.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

/// Which file of two packages differs first, in the order of paths.
std::string first_difference(const package::PackageReader& left, const package::PackageReader& right) {
    const auto& a = left.files().entries;
    const auto& b = right.files().entries;
    const auto [x, y] = std::ranges::mismatch(a, b);
    if (x != a.end() && y != b.end()) return x->path == y->path ? x->path : std::min(x->path, y->path);
    if (x != a.end()) return x->path;
    if (y != b.end()) return y->path;
    return "no file: what the package says of itself";
}

void compare_packages(const std::vector<fs::path>& first, const std::vector<fs::path>& second) {
    std::map<std::string, fs::path> others;
    for (const fs::path& path : second) others[path.filename().string()] = path;
    for (const fs::path& path : first) {
        const auto other = others.find(path.filename().string());
        if (other == others.end())
            throw VerifyError(std::format("the second build has no package '{}'", path.filename().string()));
        if (crypto::hash_file_blake2b(path) == crypto::hash_file_blake2b(other->second)) continue;
        const auto keys = package::AllowedKeys::any_signer();
        throw VerifyError(std::format("package '{}' differs between two builds", path.filename().string()))
            .detail("first differing file", first_difference(package::open_package(path, keys),
                                                             package::open_package(other->second, keys)))
            .detail("first build", path.string())
            .detail("second build", other->second.string());
    }
}

void compare_image_files(const fs::path& first, const fs::path& second) {
    for (const fs::directory_entry& entry : fs::directory_iterator(first)) {
        if (!entry.is_regular_file()) continue;
        const fs::path other = second / entry.path().filename();
        if (!fs::exists(other) || crypto::hash_file_blake2b(entry.path()) != crypto::hash_file_blake2b(other))
            throw VerifyError(
                std::format("'{}' differs between two builds", entry.path().filename().string()))
                .detail("first build", entry.path().string())
                .detail("second build", other.string());
    }
}

}  // namespace

void check_image(Host& host, const BuildOptions& options, const std::string& image,
                 const std::vector<std::string>& images, recipe::Architecture architecture,
                 const fs::path& output) {
    const fs::path root = store::Store::default_root();
    make_directories(root / "check");
    TemporaryDirectory place(root / "check", image);
    std::println(stderr, "building '{}' a second time, in '{}'", image, place.path().string());
    Session first(host, options);
    BuildOptions second_options = options;
    second_options.store = place.path() / "cache";
    Session second(host, second_options);
    // The first build's image is made again too, so that its list of packages is complete: it costs seconds.
    const ImageResult before = build_image(first, image, images, architecture, place.path() / "first");
    const ImageResult after = build_image(second, image, images, architecture, place.path() / "second");
    try {
        compare_packages(before.packages, after.packages);
        compare_image_files(before.directory, after.directory);
        compare_image_files(assemble::image_directory(output, image,
                                                      architecture == recipe::Architecture::x86_64
                                                          ? layout::Architecture::x86_64
                                                          : layout::Architecture::aarch64),
                            after.directory);
    } catch (Error& error) {
        error.hint(std::format("both builds are kept in '{}'", place.release().string()));
        throw;
    }
    std::println("{} for {}: {} packages and all image files are the same in both builds", image,
                 recipe::to_string(architecture), before.packages.size());
}

}  // namespace cairn::host
