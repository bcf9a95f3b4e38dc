#pragma once

#include <curl/curl.h>

#include "pkg/base/error.h"

/// What the sources of this folder share of libcurl's C interface; for them only.
namespace cairn::net {

/// Once for the whole program, before the first handle.
inline void ensure_curl() {
    static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
    CHECK(result == CURLE_OK);
}

template <class Value>
void set_option(void* handle, CURLoption option, Value value) {
    CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

}  // namespace cairn::net
