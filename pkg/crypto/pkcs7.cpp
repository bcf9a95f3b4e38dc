#include "pkg/crypto/pkcs7.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

#include "pkg/base/error.h"

namespace cairn::crypto {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// One DER element: tag, length, content.
Bytes der(std::uint8_t tag, std::initializer_list<std::span<const std::uint8_t>> parts) {
    std::size_t length = 0;
    for (const auto part : parts) length += part.size();
    Bytes result{tag};
    if (length < 0x80) {
        result.push_back(static_cast<std::uint8_t>(length));
    } else {
        Bytes digits;
        for (std::size_t rest = length; rest > 0; rest >>= 8) digits.insert(digits.begin(), rest & 0xff);
        result.push_back(static_cast<std::uint8_t>(0x80 | digits.size()));
        result.insert(result.end(), digits.begin(), digits.end());
    }
    for (const auto part : parts) result.insert(result.end(), part.begin(), part.end());
    return result;
}

constexpr std::uint8_t integer = 0x02, octet_string = 0x04, sequence = 0x30, set = 0x31, explicit_0 = 0xa0;
const Bytes null_value = {0x05, 0x00};
const Bytes oid_signed_data = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2};  // 1.2.840.113549.1.7.2
const Bytes oid_data = {0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1};         // 1.2.840.113549.1.7.1
const Bytes oid_rsa_encryption = {0x06, 9,    0x2a, 0x86, 0x48, 0x86,
                                  0xf7, 0x0d, 1,    1,    1};               // 1.2.840.113549.1.1.1
const Bytes oid_sha256 = {0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};  // 2.16.840.1.101.3.4.2.1

constexpr std::string_view module_magic = "~Module signature appended~\n";
constexpr std::size_t module_trailer_size = 12;  // struct module_signature
constexpr std::uint8_t pkey_id_pkcs7 = 2;

Bytes make_signed_data(std::span<const std::uint8_t> signature, const Certificate& certificate) {
    const Bytes version = der(integer, {Bytes{1}});
    const Bytes sha256 = der(sequence, {oid_sha256});
    const Bytes signer_name = der(sequence, {certificate.issuer_der(), certificate.serial_der()});
    const Bytes rsa = der(sequence, {oid_rsa_encryption, null_value});
    const Bytes signer_info =
        der(sequence, {version, signer_name, sha256, rsa, der(octet_string, {signature})});
    const Bytes content = der(sequence, {oid_data});
    const Bytes signed_data = der(sequence, {version, der(set, {sha256}), content, der(set, {signer_info})});
    return der(sequence, {oid_signed_data, der(explicit_0, {signed_data})});
}

/// The signature followed by struct module_signature and the magic line.
Bytes make_module_trailer(Bytes pkcs7) {
    std::array<std::uint8_t, module_trailer_size> trailer{};
    trailer[2] = pkey_id_pkcs7;  // algo, hash, signer_len and key_id_len stay zero: PKCS#7 says all of it
    for (std::size_t i = 0; i < 4; ++i)
        trailer[8 + i] = static_cast<std::uint8_t>(pkcs7.size() >> (24 - 8 * i));
    pkcs7.insert(pkcs7.end(), trailer.begin(), trailer.end());
    pkcs7.insert(pkcs7.end(), module_magic.begin(), module_magic.end());
    return pkcs7;
}

/// RSA signatures are as long as the modulus, which the certificate's key tells.
std::size_t signature_size(const Certificate& certificate) {
    return rsa_bits(certificate.public_key()) / 8;
}

}  // namespace

std::vector<std::uint8_t> make_pkcs7_signature(std::span<const std::uint8_t> message, RsaSigner& signer,
                                               const Certificate& certificate) {
    CHECK(certificate.public_key() == signer.public_key());
    return make_signed_data(signer.sign_sha256(message), certificate);
}

std::vector<std::uint8_t> make_module_signature(std::span<const std::uint8_t> module, RsaSigner& signer,
                                                const Certificate& certificate) {
    const bool is_signed = module.size() >= module_magic.size() &&
                           std::ranges::equal(module.last(module_magic.size()), module_magic, {}, {},
                                              [](char c) { return static_cast<std::uint8_t>(c); });
    if (is_signed) throw Error("cannot sign the kernel module: it carries a signature already");
    return make_module_trailer(make_pkcs7_signature(module, signer, certificate));
}

std::size_t module_signature_size(const Certificate& certificate) {
    return make_module_trailer(make_signed_data(Bytes(signature_size(certificate)), certificate)).size();
}

}  // namespace cairn::crypto
