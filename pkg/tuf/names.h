#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/tuf/metadata.h"

/// Names of roles and targets: which delegation a target belongs to, and what files are called.
namespace cairn::tuf {

/// A name as one part of an address or of a path: everything but letters, digits and "_.-~" percent-encoded
/// (RFC 3986, section 2.1), so that no role's name reaches into another directory.
std::string quote_name(std::string_view name);
/// The same for a target's name, whose '/' stay.
std::string quote_path(std::string_view path);

/// "snapshot.json", or "7.snapshot.json" with consistent snapshots.
std::string metadata_file_name(std::string_view role, std::optional<std::uint64_t> version);

/// "folder/<hash>.file": what a target's file is called with consistent snapshots (specification, section
/// 6.2). The description has a hash.
std::string consistent_name(const std::string& target, const FileDescription& file);

/// Whether a delegation is about this target. Patterns are matched part by part; '*' and '?' never match '/'.
bool covers(const Delegation& delegation, std::string_view target);

/// The bin that a target is in.
std::string bin_of(const SuccinctBins& bins, std::string_view target);

/// The names of all roles among `files` (a snapshot's) that are bins of these.
std::vector<std::string> list_bins(const SuccinctBins& bins,
                                   const std::map<std::string, FileDescription>& files);

/// Throws Error for a target's name that is no relative path staying inside: empty, absolute, or with a part
/// that is empty, "." or "..".
void check_target_name(std::string_view target);

}  // namespace cairn::tuf
