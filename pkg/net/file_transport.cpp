#include "pkg/net/file_transport.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"

namespace cairn::net {
namespace {

constexpr std::string_view scheme = "file://";

/// "%2F" to "/"; a '%' that begins no such pair stands for itself.
std::string decode(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = text[at] == '%' ? find_hex(text.substr(at + 1, 2)) : std::nullopt;
        if (byte && byte->size() == 1) {
            decoded += static_cast<char>(byte->front());
            at += 2;
        } else {
            decoded += text[at];
        }
    }
    return decoded;
}

/// Empty when there is no such file.
Fd find_regular_file(const std::string& path) {
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return {};
    if (file.get() < 0) throw SystemError(std::format("cannot open '{}'", path));
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) throw SystemError(std::format("cannot look at '{}'", path));
    return S_ISREG(status.st_mode) ? std::move(file) : Fd();
}

}  // namespace

Outcome FileTransport::get(const Request& request, const Sink& sink) {
    if (!request.url.starts_with(scheme))
        throw UsageError(std::format("'{}' is not a file: address", request.url));
    const std::string path = decode(std::string_view(request.url).substr(scheme.size()));
    const Fd file = find_regular_file(path);
    if (file.get() < 0) return Outcome::not_found;
    const std::uint64_t size = file_size(file.get(), path);
    if (request.offset > 0 && request.offset >= size) return Outcome::out_of_range;
    const std::uint64_t wanted = request.length.value_or(size - request.offset);
    if (wanted > request.limit)
        throw Error(std::format("cannot fetch '{}': it is larger than the {} allowed", request.url,
                                format_bytes(request.limit)));
    std::array<std::uint8_t, 128 * 1024> buffer;
    for (std::uint64_t done = 0; done < wanted;) {
        const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), wanted - done));
        read_exactly_at(file.get(), piece, request.offset + done, path);
        sink(piece);
        done += piece.size();
        if (request.progress) request.progress(request.offset + done, size);
    }
    return Outcome::complete;
}

Outcome SchemeTransport::get(const Request& request, const Sink& sink) {
    return (request.url.starts_with(scheme) ? files_ : others_).get(request, sink);
}

}  // namespace cairn::net
