#include "images/layout/seed.h"

namespace cairn::layout {
namespace {

crypto::Hash derive(const crypto::Hash& seed, std::string_view purpose) {
    crypto::Sha256Hasher hasher;
    hasher.update(seed.bytes());
    hasher.update(purpose);
    return hasher.finish();
}

}  // namespace

crypto::Hash make_seed(std::string_view name, std::string_view version, std::string_view architecture) {
    crypto::Sha256Hasher hasher;
    for (const std::string_view part : {std::string_view("cairn image"), name, version, architecture}) {
        hasher.update(part);
        hasher.update(std::string_view("\0", 1));
    }
    return hasher.finish();
}

Guid derive_guid(const crypto::Hash& seed, std::string_view purpose) {
    Guid guid = make_guid_showing(derive(seed, purpose).bytes().first<16>());
    guid.bytes[7] = static_cast<std::uint8_t>((guid.bytes[7] & 0x0f) | 0x40);
    guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3f) | 0x80);
    return guid;
}

std::uint32_t derive_number(const crypto::Hash& seed, std::string_view purpose) {
    const crypto::Hash hash = derive(seed, purpose);
    std::uint32_t number = 0;
    for (std::size_t index = 0; index < 4; ++index) number = number << 8 | hash.bytes()[index];
    return number;
}

Guid root_guid(const crypto::Hash& root_hash) {
    return make_guid_showing(root_hash.bytes().first<16>());
}

Guid root_verity_guid(const crypto::Hash& root_hash) {
    return make_guid_showing(root_hash.bytes().last<16>());
}

}  // namespace cairn::layout
