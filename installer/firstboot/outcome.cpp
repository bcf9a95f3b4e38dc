#include "installer/firstboot/outcome.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "installer/settings/owner.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::firstboot {
namespace {

constexpr int format_version = 1;
constexpr std::size_t largest = 1 << 20;
constexpr std::array<std::pair<std::string_view, Outcome::Kind>, 3> kinds{
    {{"none", Outcome::Kind::none},
     {"accepted", Outcome::Kind::accepted},
     {"refused", Outcome::Kind::refused}}};

std::filesystem::path path_of(const settings::Places& places) {
    return places.store / "first-boot.json";
}

}  // namespace

std::optional<Outcome> find_outcome(const settings::Places& places) {
    const settings::AsOwner owner(places.store);
    const std::filesystem::path path = path_of(places);
    const auto text = find_file(path, largest);
    if (!text) return std::nullopt;
    const Json document = parse_json(*text, path.string());
    try {
        const auto kind = std::ranges::find(kinds, document.at("outcome").get<std::string>(),
                                            [](const auto& pair) { return pair.first; });
        if (document.at("format") != format_version || kind == kinds.end())
            throw VerifyError(
                std::format("cannot use '{}': it is not of format {}", path.string(), format_version));
        return Outcome{
            kind->second, document.at("time").get<std::int64_t>(), document.at("why").get<std::string>(),
            document.at("settings").get<std::vector<std::string>>(), document.at("is_removed").get<bool>()};
    } catch (const Json::exception& error) {
        throw VerifyError(std::format("cannot use '{}': {}", path.string(), error.what()));
    }
}

void write_outcome(const settings::Places& places, const Outcome& outcome) {
    const settings::AsOwner owner(places.store);
    const auto kind = std::ranges::find(kinds, outcome.kind, [](const auto& pair) { return pair.second; });
    const Json document = {{"format", format_version},     {"outcome", kind->first},
                           {"time", outcome.time},         {"why", outcome.why},
                           {"settings", outcome.settings}, {"is_removed", outcome.is_removed}};
    replace_file(path_of(places), format_json(document), 0600);
}

}  // namespace cairn::firstboot
