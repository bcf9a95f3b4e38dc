#include "installer/settings/files.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {

std::vector<Template> read_templates(const std::filesystem::path& directory, const Schema& schema) {
    std::vector<Template> templates;
    if (!std::filesystem::exists(directory)) return templates;
    for (const std::string& name : Dir::open(directory).names("")) {
        if (!name.ends_with(".toml")) continue;
        templates.push_back(read_template(directory / name));
        find_settings_used(templates.back(), schema);
    }
    std::ranges::stable_sort(templates, {}, &Template::target);
    const auto twice = std::ranges::adjacent_find(templates, {}, &Template::target);
    if (twice != templates.end())
        throw UsageError(std::format("cannot use templates: '{}' and '{}' both make '/{}'", twice->name,
                                     std::next(twice)->name, twice->target));
    return templates;
}

FilePlan plan_files(const std::vector<Template>& templates, const Json* before, const Json& after) {
    FilePlan plan;
    std::set<std::string> services;
    for (const Template& source : templates) {
        std::string content = render(source, after);
        if (before != nullptr && render(source, *before) == content) continue;
        plan.files.push_back({source.target, source.mode, std::move(content)});
        if (before != nullptr) services.insert(source.services.begin(), source.services.end());
    }
    plan.services.assign(services.begin(), services.end());
    return plan;
}

void apply_files(const FilePlan& plan, const std::filesystem::path& root) {
    for (const RenderedFile& file : plan.files) {
        const std::filesystem::path path = root / file.target;
        make_directories(path.parent_path());
        replace_file(path, file.content, file.mode);
    }
}

}  // namespace cairn::settings
