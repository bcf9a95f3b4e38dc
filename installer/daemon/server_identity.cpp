#include "installer/daemon/server_identity.h"

#include <optional>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::daemon {

crypto::TlsIdentity read_or_make_server_identity(const std::filesystem::path& directory) {
    const std::filesystem::path key = directory / "key.pem";
    const std::filesystem::path certificate = directory / "certificate.pem";
    return with_context("getting the TLS key of this device", [&] {
        if (const std::optional<std::string> pem = find_file(certificate, 64 << 10)) {
            const std::string text = read_file(key, 64 << 10);
            return crypto::TlsIdentity{.key_pem = crypto::SecretBytes(
                                           {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}),
                                       .certificate_pem = *pem};
        }
        crypto::TlsIdentity identity = crypto::make_tls_identity("Cairn device");
        replace_file(key, {reinterpret_cast<const char*>(identity.key_pem.data()), identity.key_pem.size()},
                     0600);
        replace_file(certificate, identity.certificate_pem);
        return identity;
    });
}

}  // namespace cairn::daemon
