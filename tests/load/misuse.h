#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pkg/crypto/tls_identity.h"

namespace cairn::load {

/// One thing that clients do wrong, and the status that they must get for it.
struct Misuse {
    std::string name;
    int expected;  // 0: the connection ends without a word
    std::function<int()> attempt;
};

/// All of them: clients that are slow, send too much or what is no request, ask for what there is not or they
/// may not, or are not known. `reader` is a key that is known as a reader's, `stranger` one that is not
/// known; both are borrowed.
std::vector<Misuse> all_misuses(const std::filesystem::path& socket, std::uint16_t tls_port,
                                const crypto::TlsIdentity& reader, const crypto::TlsIdentity& stranger);

}  // namespace cairn::load
