#include "installer/update/device.h"

#include <format>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"

namespace cairn::update {

namespace {

layout::Slot parse_slot(const std::string& text) {
    for (const layout::Slot slot : {layout::Slot::a, layout::Slot::b})
        if (layout::to_text(slot) == text) return slot;
    throw Error(std::format("'{}' is no slot", text));
}

layout::Architecture parse_architecture(const std::string& text) {
    if (const auto architecture = layout::find_architecture(text)) return *architecture;
    throw Error(std::format("'{}' is no architecture", text));
}

/// Both files are ours; what they have wrong is a mistake of the image.
template <class Read>
auto read_fields(const std::filesystem::path& path, Read&& read) {
    try {
        return read(read_json(path));
    } catch (const Json::exception& error) {
        throw Error(std::format("'{}' is not as expected: {}", path.string(), error.what()));
    }
}

}  // namespace

RunningSystem read_running_system(const std::filesystem::path& root) {
    namespace field = layout::boot_report;
    RunningSystem running;
    read_fields(root / layout::paths::boot_report.substr(1), [&](const Json& report) {
        running.image = {.name = report.at(field::name), .version = report.at(field::version)};
        running.root_hash = crypto::parse_hash(report.at(field::root_hash).get<std::string>());
        running.slot = parse_slot(report.at(field::slot));
        running.disk = report.at(field::disk).get<std::string>();
        running.has_data = report.at(field::data) != "failed";
        if (report.at(field::on_trial).get<bool>())
            running.tries = {.left = report.at(field::tries_left), .done = report.at(field::tries_done)};
    });
    read_fields(root / layout::paths::release, [&](const Json& release) {
        running.architecture = parse_architecture(release.at("architecture"));
        running.build_time = tuf::parse_time(release.at("build_time").get<std::string>());
        running.version_floor = release.value("version_floor", std::string());
    });
    return running;
}

}  // namespace cairn::update
