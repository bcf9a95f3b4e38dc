#include "pkg/base/dir.h"
#include "pkg/package/head.h"
#include "pkg/package/head_codec.h"
#include "tests/fuzz/signed_package.h"

/// Input: the plain bytes of a head (pkg/package/FORMAT.md, «Head»).
using namespace cairn;
using namespace cairn::fuzz;

namespace {

std::uint64_t stored_size(const package::Head& head) {
    std::uint64_t size = 0;
    for (const package::Chunk& chunk : head.chunks) size += chunk.stored_size;
    return size;
}

void check_paths(const package::Head& head) {
    require(is_safe_relative_path(package::file_name(head.identity)), "a package's file name is one name");
    for (const archive::FileEntry& entry : head.files.entries)
        require(is_safe_relative_path(entry.path) && (entry.mode & 06000) == 0, "no entry leaves its place");
}

}  // namespace

FUZZ_TARGET(input) {
    const auto decoded = find_accepted<VerifyError>([&] { return package::decode_head(input); });
    if (decoded)
        require(std::ranges::equal(package::encode_head(*decoded), input), "a head has one encoding");

    const std::uint64_t data_size = decoded ? stored_size(*decoded) : 0;
    const std::vector<std::uint8_t> file = sign_head(input, data_size, crypto::Hash());
    const auto verified =
        find_accepted<VerifyError>([&] { return package::verify_head(file, allowed_keys()); });
    if (!verified) return;
    require(decoded && verified->head() == *decoded, "a head that is no head is refused");
    check_paths(verified->head());

    // Whatever a reader takes, our writer would write the same.
    crypto::SecretKey key = testing::fixed_key();
    const package::SignedHead written =
        package::make_signed_head(verified->head(), data_size, crypto::Hash(), key);
    require(written.bytes == file && written.id == verified->id(), "writing back gives the same bytes");
}
