#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/term/columns.h"
#include "pkg/base/json.h"

/// Settings as pages for people; pure. `schema` is the answer of GET /settings/schema.
namespace cairn::device {

/// One line for each setting at or below `paths` (none: all), in the schema's order.
std::string format_settings(const Json& values, const Json& schema, std::span<const std::string> paths,
                            term::Painting painting);
/// What each may be, its default and what it is for.
std::string format_schema(const Json& schema, std::span<const std::string> paths, term::Painting painting);
/// What a transaction would change, what is wrong with it, and which services restart.
std::string format_transaction(const Json& transaction, term::Painting painting);
std::string format_history(const Json& history, term::Painting painting);

/// The document without the members that stand for secrets; their paths go into `left_out`.
Json without_secrets(const Json& document, std::vector<std::string>& left_out);

}  // namespace cairn::device
