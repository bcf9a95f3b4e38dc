#pragma once

#include <vector>

#include "pkg/base/toml.h"
#include "pkg/recipe/recipe.h"

namespace cairn::recipe {

/// Reads one `[[source]]` table; `earlier` are the sources before it, whose names it may not take. Throws
/// UsageError.
SourceSpec read_source(TomlTable& table, const std::vector<SourceSpec>& earlier);

}  // namespace cairn::recipe
