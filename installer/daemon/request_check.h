#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "installer/daemon/http_session.h"

namespace cairn::daemon {

/// What is known of a request before its body is read.
struct CheckedHead {
    std::optional<api::Answer> refusal;  // empty: it may go on
    api::Role needed = api::Role::none;
    bool has_body = false;
    bool is_stranger = false;  // not known: has had its answer, and keeps no connection
};

using ReceivedHeaders = std::vector<std::pair<std::string, std::string>>;

/// Fills in the request's headers and caller, and decides as the table in http_session.h says; method, path
/// and query are there already.
CheckedHead check_head(const ReceivedHeaders& received, api::Request& request, const HttpRules& rules,
                       const FindCaller& find_caller);

/// The answer to a body of more than `most` bytes.
api::Answer make_too_large_answer(std::size_t most);

}  // namespace cairn::daemon
