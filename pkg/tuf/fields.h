#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/json.h"

namespace cairn::tuf {

/// Reading the members of one JSON object of metadata; borrows it. Every complaint is an Error that names the
/// object and the member.
class Fields {
  public:
    /// Throws when `json` is not an object. `what` names it in messages: "role 'snapshot'".
    Fields(const Json& json, std::string what);

    const Json* find(std::string_view name) const;
    const Json& any(std::string_view name) const;
    const Json& object(std::string_view name) const;
    const Json& array(std::string_view name) const;
    std::string text(std::string_view name) const;
    /// An integer from `least` to 2^53, which every JSON reader keeps exactly.
    std::uint64_t number(std::string_view name, std::uint64_t least) const;
    bool boolean(std::string_view name, bool otherwise) const;

    [[noreturn]] void fail(std::string_view name, std::string_view why) const;

  private:
    const Json& json_;
    std::string what_;
};

}  // namespace cairn::tuf
