#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/source/debian_index.h"
#include "pkg/source/environment.h"
#include "pkg/source/fetch_file.h"

/// Mirrors keep old revisions for a while, not for ever. This is what happens to a pin that has gone: a clear
/// error, a command that moves it, and, only where CAIRN_FOLLOW_PINS=1 asks for it, moving for one run.
namespace cairn::source {

/// The newest of `files` that is the same kind of thing as `pinned` (its orig archive, its .deb): of the same
/// series when there is one, else of any. Equal to the pin when that is the newest. Empty when there is none
/// of that kind. Pure.
std::optional<IndexedFile> choose_newest(std::string_view pinned, std::span<const IndexedFile> files);

/// The same over Debian's archive as it is now. Only for `debian` sources.
std::optional<IndexedFile> find_newest(const PinnedFile& pin, Environment& environment);

/// The error for a pin that no place has: what is the newest there, and the command that moves the pin.
Error make_vanished_pin_error(const PinnedFile& pin, Environment& environment);

/// `text` of a recipe.toml with the pin moved: file, sha256, and a version that was the pinned one.
/// Everything else stays as it is, byte for byte. Throws Error when file or hash do not stand in the text.
std::string move_pin_in_text(std::string text, const recipe::SourceSpec& spec, const IndexedFile& newest);

/// For CAIRN_FOLLOW_PINS=1, before build keys are computed: fetches every pinned file that is not in the
/// cache; a `debian` pin that has vanished is changed in `recipes` (in memory only) to the newest of the same
/// series, which is noted and remembered in the cache. Does nothing unless `environment.follows_pins`.
void follow_vanished_pins(std::span<recipe::Recipe* const> recipes, Environment& environment);

}  // namespace cairn::source
