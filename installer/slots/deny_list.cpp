#include "installer/slots/deny_list.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::slots {

namespace {

constexpr int format = 1;
constexpr std::size_t most_versions = 64;
constexpr std::size_t longest_cause = 4096;
constexpr std::uint64_t most_bytes = 1 << 20;

std::string_view name_of(Ban ban) {
    return ban == Ban::denied ? "denied" : "held";
}

/// At most `longest_cause` bytes, UTF-8 that no cut or tool's output can spoil.
std::string tidy_cause(std::string cause) {
    if (cause.size() > longest_cause) cause.resize(longest_cause);
    const auto clean = [](const std::string& text) {
        return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore)).get<std::string>();
    };
    return clean(cause);
}

class Reader {
  public:
    explicit Reader(std::string_view name) : name_(name) {}

    DeniedVersion version(const Json& value) const {
        require(value.is_object() && value.size() == 5, "an entry does not have its five fields");
        DeniedVersion result = {.image = {.name = text(value, "name"), .version = text(value, "version")},
                                .cause = text(value, "cause")};
        require(layout::is_image_name(result.image.name) && layout::is_image_version(result.image.version),
                "an entry names no version");
        require(result.cause.size() <= longest_cause, "a cause is too long");
        const std::string ban = text(value, "ban");
        require(ban == "denied" || ban == "held", "'ban' is neither 'denied' nor 'held'");
        result.ban = ban == "held" ? Ban::held : Ban::denied;
        require(value.contains("time") && value["time"].is_number_integer(), "'time' is not a whole number");
        result.time = value["time"].get<std::int64_t>();
        return result;
    }

    void require(bool holds, std::string_view problem) const {
        if (!holds) throw VerifyError(std::format("cannot read deny list '{}': {}", name_, problem));
    }

  private:
    std::string text(const Json& value, const char* field) const {
        require(value.contains(field) && value[field].is_string(), std::format("'{}' is not a text", field));
        return value[field].get<std::string>();
    }

    std::string_view name_;
};

}  // namespace

DenyList DenyList::parse(std::string_view text, std::string_view name) {
    const Json whole = parse_json(text, name);
    const Reader reader(name);
    reader.require(whole.is_object() && whole.contains("format") && whole["format"] == format,
                   "its format is not 1");
    reader.require(whole.size() == 2 && whole.contains("versions") && whole["versions"].is_array(),
                   "'versions' is not a list, or there is more");
    reader.require(whole["versions"].size() <= most_versions, "it has more than 64 versions");
    DenyList list;
    for (const Json& value : whole["versions"]) {
        DeniedVersion version = reader.version(value);
        reader.require(!list.find(version.image), "a version is there twice");
        list.versions_.push_back(std::move(version));
    }
    return list;
}

DenyList DenyList::read(const std::filesystem::path& path) {
    const auto text = find_file(path, most_bytes);
    return text ? parse(*text, path.string()) : DenyList();
}

void DenyList::write(const std::filesystem::path& path) const {
    replace_file(path, to_text(), 0600);
}

std::string DenyList::to_text() const {
    Json versions = Json::array();
    for (const DeniedVersion& version : versions_)
        versions.push_back({{"name", version.image.name},
                            {"version", version.image.version},
                            {"ban", name_of(version.ban)},
                            {"cause", version.cause},
                            {"time", version.time}});
    return format_json({{"format", format}, {"versions", versions}});
}

std::optional<DeniedVersion> DenyList::find(const ImageVersion& image) const {
    const auto found = std::ranges::find(versions_, image, &DeniedVersion::image);
    return found == versions_.end() ? std::nullopt : std::optional(*found);
}

void DenyList::add(DeniedVersion version) {
    version.cause = tidy_cause(std::move(version.cause));
    clear(version.image);
    versions_.push_back(std::move(version));
    if (versions_.size() > most_versions) versions_.erase(versions_.begin());
}

bool DenyList::clear(const ImageVersion& image) {
    return std::erase_if(versions_, [&](const DeniedVersion& one) { return one.image == image; }) > 0;
}

void DenyList::lift_holds() {
    std::erase_if(versions_, [](const DeniedVersion& one) { return one.ban == Ban::held; });
}

}  // namespace cairn::slots
