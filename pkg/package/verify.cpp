#include <atomic>
#include <format>

#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"
#include "pkg/package/reader.h"

namespace cairn::package {
namespace {

/// Files one after the other that one thread checks in one go: about a megabyte, or one large file.
struct Batch {
    std::size_t begin;
    std::size_t end;
};

std::vector<Batch> plan_batches(const archive::FileTree& files) {
    constexpr std::uint64_t batch_size = 1 << 20;
    std::vector<Batch> batches;
    std::uint64_t size = batch_size;
    for (std::size_t i = 0; i < files.entries.size(); ++i) {
        if (size >= batch_size) {
            batches.push_back({i, i});
            size = 0;
        }
        size += files.entries[i].size;
        batches.back().end = i + 1;
    }
    return batches;
}

void verify_file(ContentReader& content, const PackageReader& package, const archive::FileEntry& entry) {
    crypto::Blake2bHasher hasher;
    content.read(entry, [&](std::span<const std::uint8_t> part) { hasher.update(part); });
    if (const crypto::Hash found = hasher.finish(); found != entry.content)
        throw VerifyError(std::format("cannot use package '{}': '{}' is not what its table says",
                                      package.path().string(), entry.path))
            .detail("expected", "blake2b:" + entry.content.to_hex())
            .detail("found", "blake2b:" + found.to_hex());
}

void verify_batch(ContentReader& content, const PackageReader& package, const Batch& batch) {
    for (std::size_t i = batch.begin; i < batch.end; ++i)
        if (const auto& entry = package.files().entries[i]; entry.kind == archive::Kind::file)
            verify_file(content, package, entry);
}

void verify_data(const PackageReader& package) {
    std::vector<std::uint8_t> buffer(256 * 1024);
    crypto::Blake2bHasher hasher;
    const std::uint64_t size = package.preamble().data_size;
    for (std::uint64_t offset = 0; offset < size;) {
        const auto part = std::span(buffer).first(std::min<std::uint64_t>(size - offset, buffer.size()));
        package.read_stored(part, offset);
        hasher.update(part);
        offset += part.size();
    }
    if (hasher.finish() != package.preamble().data_hash)
        throw VerifyError(
            std::format("cannot use package '{}': its data is damaged", package.path().string()));
}

}  // namespace

void verify_content(const PackageReader& package, Depth depth) {
    if (depth == Depth::stored) return verify_data(package);
    const std::vector<Batch> batches = plan_batches(package.files());
    // The stored data is one more batch, and the first: it is hashed in one go.
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(archive::default_threads, [&] {
        try {
            ContentReader content(package);
            for (std::size_t i; (i = next++) <= batches.size();) {
                if (i == 0)
                    verify_data(package);
                else
                    verify_batch(content, package, batches[i - 1]);
            }
        } catch (...) {
            next = batches.size() + 1;
            throw;
        }
    });
}

}  // namespace cairn::package
