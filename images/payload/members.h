#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

namespace cairn::payload {

/// Reads the members of a description, each with its kind and a bound. Throws VerifyError: "'<name>' does not
/// describe <what>: …".
class Members {
  public:
    /// All borrowed.
    Members(const Json& object, std::string_view name, std::string_view what);

    bool has(const char* key) const { return object_.contains(key); }
    const Json& member(const char* key) const;
    Members object(const char* key) const { return {member(key), name_, what_}; }
    const Json& list(const char* key, std::size_t most) const;
    /// A number of bytes far below the point where sums of a few could overflow.
    std::uint64_t size(const char* key) const;
    std::uint64_t number(const char* key, std::uint64_t most) const;
    crypto::Hash hash(const char* key) const;
    std::string text(const char* key, std::size_t most) const;
    bool flag(const char* key) const;
    [[noreturn]] void refuse(std::string_view why) const;

  private:
    const Json& object_;
    std::string_view name_;
    std::string_view what_;
};

}  // namespace cairn::payload
