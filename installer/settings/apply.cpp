#include "installer/settings/apply.h"

#include <unistd.h>

#include <format>
#include <set>
#include <utility>

#include "installer/settings/files.h"
#include "installer/settings/store.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;

constexpr int format_version = 1;
constexpr std::size_t largest = 4 << 20;

/// Values and the files that they make.
struct Planned {
    Values values;
    FilePlan files;
};

Json read_wanted(const ApplyRequest& request, const ImageSettings& image) {
    return request.values ? *request.values : read_stored(request.places.store_of(image.format)).values;
}

/// Empty when nothing is active yet, or what was cannot be read any more.
std::optional<Json> find_active(const Places& places) {
    const auto text = find_file(places.active(), largest);
    if (!text) return std::nullopt;
    Json document = parse_json(*text, places.active().string());
    if (!document.is_object() || document.value("format", Json()) != format_version ||
        !document.contains("values") || !document.contains("effective"))
        throw VerifyError(
            std::format("cannot use '{}': it is not of format {}", places.active().string(), format_version));
    return document;
}

std::vector<std::string> services_of(const std::vector<Template>& templates) {
    std::set<std::string> services;
    for (const Template& source : templates) services.insert(source.services.begin(), source.services.end());
    return {services.begin(), services.end()};
}

Planned plan_change(const ApplyRequest& request, const ImageSettings& image) {
    Values values = verify_values(read_wanted(request, image), image.schema);
    const auto active = find_active(request.places);
    const Json* before = active ? &active->at("effective") : nullptr;
    FilePlan files = plan_files(image.templates, before, values.effective());
    if (before == nullptr) files.services = services_of(image.templates);  // they run with who knows what
    return {std::move(values), std::move(files)};
}

Planned plan_boot(const Json& wanted, const ImageSettings& image) {
    Values values = verify_values(wanted, image.schema);
    FilePlan files = plan_files(image.templates, nullptr, values.effective());
    return {std::move(values), std::move(files)};
}

/// Secrets may be in it: for root and the group alone. Gone at the next boot, so it need not reach a disk.
void write_private(const fs::path& path, const std::string& text, const std::optional<gid_t>& group) {
    AtomicFile file(path, 0640);
    file.write(text);
    if (group && fchown(file.fd(), static_cast<uid_t>(-1), *group) != 0)
        throw SystemError(std::format("cannot give '{}' to its group", path.string()));
    file.commit(AtomicFile::Durability::unsynced);
}

void write_active(const ApplyRequest& request, const Values& values) {
    const Json document = {
        {"format", format_version}, {"values", values.document()}, {"effective", values.effective()}};
    write_private(request.places.active(), format_json(document), request.group);
}

ApplyResult carry_out(const Planned& planned, const ApplyRequest& request) {
    apply_files(planned.files, request.places.root);
    make_directories(request.places.state);
    write_active(request, planned.values);
    ApplyResult result{.services = planned.files.services};
    for (const RenderedFile& file : planned.files.files) result.files.push_back(file.target);
    return result;
}

ApplyResult apply_change(const ApplyRequest& request) {
    const ImageSettings image = read_image_settings(request.places.image);
    ApplyResult result = carry_out(plan_change(request, image), request);
    fs::remove(request.places.problem());
    return result;
}

void note_problem(const ApplyRequest& request, const std::string& problem) {
    make_directories(request.places.state);
    write_private(request.places.problem(), problem + "\n", request.group);
}

ApplyResult apply_defaults(const ApplyRequest& request, const std::string& problem) {
    note_problem(request, problem);
    ApplyResult result;
    try {
        const ImageSettings image = read_image_settings(request.places.image);
        result = carry_out(plan_boot(Json::object(), image), request);
        result.problem = problem;
    } catch (const Error& error) {  // the image itself is wrong: its packages' own files have to do
        result.problem = std::format("{}\n{}", problem, error.report());
        note_problem(request, result.problem);
    }
    return result;
}

ApplyResult apply_at_boot(const ApplyRequest& request) {
    if (!request.problem.empty()) return apply_defaults(request, request.problem);
    try {
        const ImageSettings image = read_image_settings(request.places.image);
        return carry_out(plan_boot(read_wanted(request, image), image), request);
    } catch (const Error& error) {
        return apply_defaults(request, error.report());
    }
}

}  // namespace

ApplyResult apply_settings(const ApplyRequest& request) {
    return request.occasion == Occasion::boot ? apply_at_boot(request) : apply_change(request);
}

std::optional<Json> find_active_values(const Places& places) {
    auto active = find_active(places);
    return active ? std::optional(std::move(active->at("values"))) : std::nullopt;
}

}  // namespace cairn::settings
