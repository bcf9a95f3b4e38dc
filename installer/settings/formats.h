#pragma once

#include <cstdint>
#include <string_view>

#include "installer/settings/image.h"
#include "installer/settings/places.h"
#include "installer/settings/values.h"

/// The stores of several settings formats beside each other (FORMAT.md, "Stores of several formats"). A
/// version of the system changes the store of its own format only: a newer one starts with a migrated copy,
/// and whoever falls back finds the older store as it was left.
namespace cairn::settings {

enum class StoreStart {
    same,      // the store of the last start
    migrated,  // this version's store has got what an older format's held
    returned,  // back from a newer format: this version's store as it was left, or as migrate_back made it
};

/// To be called before a version's settings are applied, at each of its starts; writes as the owner of
/// `places.store`, which must be there. Throws when the settings of an older format cannot be migrated, or
/// are not allowed afterwards; then nothing has changed, and the next start tries again. Stopped anywhere,
/// the next start does what is left.
StoreStart start_version(const Places& places, const ImageSettings& image, std::string_view version,
                         std::int64_t now);

/// What the settings would be under another image, whose templates can write them. Changes nothing. Throws as
/// start_version does, and as a template does.
Values try_settings(const Places& places, const ImageSettings& newer);

/// Before an operator's return to an older version: gives the store of its format the settings of the running
/// one, migrated back by the running version's migrations. Where the older version's format is not known or
/// the same, there is nothing to do.
void migrate_back(const Places& places, const ImageSettings& running, std::string_view older_version,
                  std::int64_t now);

}  // namespace cairn::settings
