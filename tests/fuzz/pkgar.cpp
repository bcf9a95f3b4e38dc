#include "pkg/package/bytes.h"
#include "pkg/pkgar/blake3.h"
#include "pkg/pkgar/format.h"
#include "pkg/pkgar/reader.h"
#include "tests/fuzz/walled_folder.h"
#include "tests/support/package_builder.h"

/// Input: 4 bytes of flags, a byte with the number of entries, these (pkg/pkgar/FORMAT.md), then the data.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

constexpr std::size_t prefix = 5;

std::string make_file(Bytes flags, std::size_t count, Bytes entries, Bytes data) {
    crypto::SecretKey key = testing::fixed_key();
    package::ByteWriter header;
    header.put_bytes(key.public_key().bytes());
    header.put_bytes(pkgar::hash_blake3(entries).bytes());
    header.put_number(count, 4);
    header.put_bytes(flags);
    std::string file(text_of(key.sign_bytes(header.bytes()).bytes()));
    for (const Bytes part : {Bytes(header.bytes()), entries, data}) file += text_of(part);
    return file;
}

}  // namespace

FUZZ_TARGET(input) {
    if (input.size() < prefix) return;
    const std::size_t count = input[prefix - 1];
    if (input.size() < prefix + count * pkgar::entry_size) return;
    const Bytes entries = input.subspan(prefix, count * pkgar::entry_size);
    const std::string file =
        make_file(input.first(4), count, entries, input.subspan(prefix + entries.size()));
    const MemoryFile memory(bytes_of(file));
    const auto reader = find_accepted<VerifyError>(
        [&] { return pkgar::open_pkgar(memory.path(), testing::fixed_key().public_key()); });
    if (!reader) return;

    // Whatever a reader takes, our writer would write the same.
    crypto::SecretKey key = testing::fixed_key();
    require(std::ranges::equal(pkgar::format_head(reader->head(), key),
                               bytes_of(file).first(reader->head().data_offset())),
            "a head has one encoding");
    for (const pkgar::Entry& entry : reader->head().entries) {
        require(is_safe_relative_path(entry.path) && (entry.is_link || entry.mode <= 0777),
                "no entry leaves its place");
        find_accepted<VerifyError>([&] {
            pkgar::Blake3Hasher hasher;
            reader->read(entry, [&](Bytes part) { hasher.update(part); });
            require(hasher.finish() == entry.content, "what is read is what was signed");
            return true;
        });
    }
    const WalledFolder folder;
    is_accepted([&] { pkgar::extract_pkgar(*reader, Dir::open(folder.path())); });
    folder.check();
}
