#pragma once

#include <string>

#include "pkg/repo/repository.h"

namespace cairn::repo {

/// The repository as a page for people: packages with versions, sizes, licences and dependencies, what is new
/// in the latest version, images with their hashes. One file without outside resources; readable without
/// scripts, with a search where they run. Everything that comes from packages is escaped. Where there are so
/// many packages (some 20,000) that no browser would like to show them, the page says so in their place.
std::string make_page(Repository& repository);

/// Writes it as index.html beside the metadata.
void write_page(Repository& repository);

}  // namespace cairn::repo
