#include "pkg/crypto/command_signer.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::crypto {
namespace {

std::string run_signing_command(const std::string& command, Role role,
                                std::span<const std::uint8_t> message) {
    Command call{.arguments = split_words(command), .input = std::string(message.begin(), message.end())};
    if (call.arguments.empty()) throw UsageError("cannot sign: the key command is empty");
    call.arguments.emplace_back(info_of(role).name);
    call.environment.push_back(std::format(
        "CAIRN_KEY_ALGORITHM={}", info_of(role).kind == KeyKind::ed25519 ? "ed25519" : "rsa-pkcs1-sha256"));
    return with_context(std::format("signing with key '{}' by command '{}'", info_of(role).name, command),
                        [&] { return run_command_checked(call); });
}

std::string what_it_made(const std::string& command) {
    return std::format("what '{}' gave", command);
}

}  // namespace

CommandSigner::CommandSigner(std::string command, Role role, const PublicKey& key)
    : command_(std::move(command)), role_(role), key_(key) {}

Signature CommandSigner::sign_bytes(std::span<const std::uint8_t> bytes) {
    const std::string output = run_signing_command(command_, role_, bytes);
    if (output.size() != Signature::size)
        throw VerifyError(
            std::format("cannot use {}: it is {} bytes long, not the {} of a raw Ed25519 signature",
                        what_it_made(command_), output.size(), Signature::size));
    const std::vector<std::uint8_t> raw(output.begin(), output.end());
    const Signature signature(std::span(raw).first<Signature::size>());
    verify_signature_bytes(key_, bytes, signature, what_it_made(command_));
    return signature;
}

RsaCommandSigner::RsaCommandSigner(std::string command, Role role, RsaPublicKey key)
    : command_(std::move(command)), role_(role), key_(std::move(key)) {}

std::vector<std::uint8_t> RsaCommandSigner::sign_sha256(std::span<const std::uint8_t> message) {
    const std::string output = run_signing_command(command_, role_, message);
    std::vector<std::uint8_t> signature(output.begin(), output.end());
    verify_rsa_sha256(key_, message, signature, what_it_made(command_));
    return signature;
}

}  // namespace cairn::crypto
