#include "installer/daemon/device_files.h"

#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

constexpr std::uint64_t largest = std::uint64_t{1} << 20;

}  // namespace

std::string read_text(const std::filesystem::path& path) {
    try {
        return std::string(trim(find_file(path, largest).value_or("")));
    } catch (const std::exception&) {
        return {};
    }
}

Json read_object(const std::filesystem::path& path) {
    try {
        Json value = parse_json(read_text(path), path.string());
        return value.is_object() ? value : Json::object();
    } catch (const std::exception&) {
        return Json::object();
    }
}

std::string text_of(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_true(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::int64_t number_of(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::filesystem::path below(const std::filesystem::path& root, std::string_view inside) {
    return root / std::filesystem::path(inside).relative_path();
}

}  // namespace cairn::daemon
