#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/json.h"

namespace cairn::helper {

/// A request's fields, from a client that is not believed. Each call throws UsageError naming the field.
class Arguments {
  public:
    /// Refuses every field but `do` and these.
    Arguments(const Json& request, std::initializer_list<std::string_view> known);

    /// Not empty, no control characters, at most so many bytes.
    std::string text(const char* name, std::size_t most) const;
    /// Null: empty.
    std::optional<std::string> text_or_null(const char* name, std::size_t most) const;
    std::optional<Json> object_or_null(const char* name) const;

  private:
    const Json& field(const char* name) const;
    const Json& request_;
};

}  // namespace cairn::helper
