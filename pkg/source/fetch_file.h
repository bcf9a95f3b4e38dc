#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pkg/recipe/recipe.h"
#include "pkg/source/environment.h"

namespace cairn::source {

/// A file that a recipe pins: a `debian` or `url` source.
struct PinnedFile {
    std::string recipe;
    recipe::SourceSpec spec;

    const crypto::Hash& sha256() const { return *spec.sha256; }
    /// For messages: its name in the pool or the last part of its first address.
    std::string file_name() const;
};

bool is_downloaded(const recipe::SourceSpec& spec);

/// Brings the file into the cache, in this order: the cache itself, `environment.mirror`, Debian's mirrors,
/// `url`. Going on with what an earlier run left. Empty when every place was asked and none has it (any
/// more).
///
/// Throws VerifyError when all that was found has the wrong hash, NetworkError when a place could not be
/// asked, Error when it would need the network and must not.
std::optional<std::filesystem::path> find_file_anywhere(const PinnedFile& pin, Environment& environment);

/// The same, but a file that is nowhere is an Error that names the newest version and the command that moves
/// the pin.
std::filesystem::path fetch_file(const PinnedFile& pin, Environment& environment);

/// Fetches what is not in the cache yet, several files at once. Throws the first failure; the others are
/// stopped and go on from where they are in the next run.
void fetch_files(std::span<const PinnedFile> pins, Environment& environment);

/// The pinned files of some recipes, each hash once.
std::vector<PinnedFile> list_pinned_files(std::span<const recipe::Recipe> recipes);

}  // namespace cairn::source
