#pragma once

#include "pkg/crypto/key_directory.h"

namespace cairn::host {

/// The maker's keys, with the ways to reach their secrets that the environment names: CAIRN_KEYS_PASSPHRASE,
/// CAIRN_KEY_COMMAND; on a terminal the passphrase is asked for.
crypto::KeyDirectory open_keys(const std::filesystem::path& path);

/// The same; when there are none, development keys are made first, and that is said.
crypto::KeyDirectory open_or_make_keys(const std::filesystem::path& path);

/// Asks for a passphrase on the terminal, without showing it. Throws UsageError when there is no terminal.
std::string ask_passphrase(std::string_view question);

}  // namespace cairn::host
