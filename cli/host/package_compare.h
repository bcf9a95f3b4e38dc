#pragma once

#include <string>

#include "pkg/package/reader.h"

namespace cairn::host {

/// What changed from one package to another, for people or as JSON. Gives exit code 0 when nothing did, else
/// 1, as diff does.
int print_difference(const package::PackageReader& before, const package::PackageReader& after, bool is_json);

/// A package's files as a plain tar, verified while they are read; owners and modes are those of the package.
/// The archive appears whole or not at all.
int write_tar(const package::PackageReader& package, const std::string& output);

}  // namespace cairn::host
