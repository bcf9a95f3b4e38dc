#pragma once

#include <cstdint>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <span>
#include <string>
#include <vector>

#include "pkg/base/error.h"

/// Owners and DER/PEM helpers for libcrypto's C interface; for the sources of this folder only.
namespace cairn::crypto {

template <auto Free>
struct FreeBy {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

/// The result of an i2d function, given as encode(unsigned char** place or null).
template <class Encode>
std::vector<std::uint8_t> make_der(Encode&& encode) {
    const int length = encode(nullptr);
    CHECK(length > 0);
    std::vector<std::uint8_t> der(static_cast<std::size_t>(length));
    unsigned char* place = der.data();
    CHECK(encode(&place) == length);
    return der;
}

inline std::string make_pem(const char* label, std::span<const std::uint8_t> der) {
    const std::unique_ptr<BIO, FreeBy<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio(bio.get(), label, "", der.data(), static_cast<long>(der.size())) > 0);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace cairn::crypto
