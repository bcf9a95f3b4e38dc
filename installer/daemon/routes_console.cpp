#include <array>
#include <format>

#include "installer/api/errors.h"
#include "installer/daemon/routes.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

using api::Answer;
using api::Request;
using api::Role;

constexpr std::string_view folder = "usr/share/cairn/console";
constexpr std::uint64_t largest = std::uint64_t{4} << 20;
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types = {{
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
}};
/// Nothing from elsewhere, and nobody may frame the page.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Answer get_file(const Device& device, const std::string& name) {
    for (const auto& [ending, type] : types) {
        // The router lets no '/' in; what begins with a dot is no file of the page.
        if (!name.ends_with(ending) || name.starts_with('.')) continue;
        auto content = find_file(device.root / folder / name, largest);
        if (!content) break;
        return {.content_type = std::string(type),
                .body = *std::move(content),
                .headers = {{"Content-Security-Policy", std::string(policy)},
                            {"X-Content-Type-Options", "nosniff"},
                            {"Cache-Control", "no-cache"}}};
    }
    throw api::NotFound(std::format("there is no file '{}' of the console page", name));
}

}  // namespace

void add_console_routes(Router& router, const Device& device) {
    router.add("GET", "/", Role::reader,
               [&device](const Request&, auto&) { return get_file(device, "index.html"); });
    router.add("GET", "/static/{file}", Role::reader,
               [&device](const Request&, const std::string& file) { return get_file(device, file); });
}

}  // namespace cairn::daemon
