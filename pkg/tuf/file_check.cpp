#include "pkg/tuf/file_check.h"

#include <format>
#include <optional>

#include "pkg/base/error.h"
#include "pkg/crypto/hash.h"

namespace cairn::tuf {

struct FileCheck::Hashers {
    std::optional<crypto::Sha256Hasher> sha256;
    std::optional<crypto::Sha512Hasher> sha512;
};

FileCheck::FileCheck(const FileDescription& file, std::string what, std::uint64_t limit)
    : file_(file),
      what_(std::move(what)),
      limit_(file.length.value_or(limit)),
      hashers_(std::make_unique<Hashers>()) {
    if (file.hashes.contains("sha256")) hashers_->sha256.emplace();
    if (file.hashes.contains("sha512")) hashers_->sha512.emplace();
    if (!file.hashes.empty() && !hashers_->sha256 && !hashers_->sha512)
        throw VerifyError(std::format("cannot check {}: its hashes are neither SHA-256 nor SHA-512", what_));
}

FileCheck::~FileCheck() = default;

void FileCheck::update(std::span<const std::uint8_t> bytes) {
    length_ += bytes.size();
    if (length_ > limit_)
        throw VerifyError(
            std::format("cannot trust {}: it has more than the {} bytes that it may have", what_, limit_));
    if (hashers_->sha256) hashers_->sha256->update(bytes);
    if (hashers_->sha512) hashers_->sha512->update(bytes);
}

void FileCheck::finish() {
    if (file_.length && length_ != *file_.length)
        throw VerifyError(std::format("cannot trust {}: it has {} bytes, and {} are promised", what_, length_,
                                      *file_.length));
    const auto check = [&](const char* algorithm, const std::string& found) {
        const std::string& wanted = file_.hashes.at(algorithm);
        if (found == wanted) return;
        throw VerifyError(std::format("cannot trust {}: its hash is not the one that is promised", what_))
            .detail(std::string("promised ") + algorithm, wanted)
            .detail(std::string("found ") + algorithm, found);
    };
    if (hashers_->sha256) check("sha256", hashers_->sha256->finish().to_hex());
    if (hashers_->sha512) check("sha512", hashers_->sha512->finish_hex());
}

void check_bytes(std::string_view bytes, const FileDescription& file, std::string_view what) {
    FileCheck check(file, std::string(what), bytes.size());
    check.update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    check.finish();
}

}  // namespace cairn::tuf
