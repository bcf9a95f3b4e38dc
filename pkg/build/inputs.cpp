#include "pkg/build/inputs.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/build/environment.h"
#include "pkg/source/source_plan.h"

namespace cairn::build {
namespace {

namespace fs = std::filesystem;

/// Raised when the sandbox or the steps give the same recipe another meaning.
constexpr std::string_view engine_version = "1";

/// Files beside the recipe are inputs: scripts, configuration, patches. Its text and README are not.
void add_recipe_files(const recipe::Recipe& recipe, BuildInputs& inputs) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(recipe.directory)) {
        const std::string name = entry.path().lexically_relative(recipe.directory).string();
        if (!entry.is_regular_file() || name == "recipe.toml" || name == "README.md") continue;
        const bool is_executable = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
        inputs.values["file " + name] =
            crypto::hash_file_blake2b(entry.path()).to_hex() + (is_executable ? " executable" : "");
    }
}

void add_parameters(const recipe::Recipe& recipe, const Parameters& parameters, BuildInputs& inputs) {
    for (const std::string& name : recipe.build.parameters) {
        if (name == "driver_groups") inputs.values["parameter " + name] = join(parameters.driver_groups, " ");
        if (name == "module_certificate")
            inputs.values["parameter " + name] =
                crypto::hash_file_blake2b(parameters.module_certificate).to_hex();
    }
}

/// Which fields of the recipe's meaning differ.
std::string describe_recipe_change(const std::string& earlier, const std::string& now) {
    const Json before = Json::parse(earlier, nullptr, false);
    const Json after = Json::parse(now, nullptr, false);
    if (!before.is_object() || !after.is_object()) return "the recipe changed";
    std::vector<std::string> fields;
    for (const auto& [key, value] : after.items())
        if (!before.contains(key) || before.at(key) != value) fields.push_back(key);
    for (const auto& [key, value] : before.items())
        if (!after.contains(key)) fields.push_back(key);
    return std::format("the recipe changed: {}", join(fields, ", "));
}

/// Hashes are long and say nothing to a person; versions do.
std::string shorten(const std::string& value) {
    const bool is_hash =
        value.size() == 64 && value.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_hash ? value.substr(0, 12) : value;
}

}  // namespace

crypto::Hash BuildInputs::key() const {
    crypto::Blake2bHasher hasher;
    hasher.update("cairn build key\n");
    for (const auto& [name, value] : values) {
        hasher.update_number(name.size());
        hasher.update(name);
        hasher.update_number(value.size());
        hasher.update(value);
    }
    return hasher.finish();
}

Json BuildInputs::to_json() const {
    return Json(values);
}

std::string record_architecture(const PlanNode& node) {
    return node.recipe.build.host ? "host" : recipe::to_string(node.architecture);
}

BuildInputs collect_inputs(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs,
                           BuildContext& context) {
    const recipe::Recipe& recipe = node.recipe;
    BuildInputs inputs;
    inputs.values["engine"] = engine_version;
    inputs.values["steps"] = crypto::hash_file_blake2b(context.steps).to_hex();
    inputs.values["architecture"] = record_architecture(node);
    inputs.values["recipe"] = recipe::canonical_meaning(recipe, node.architecture);
    for (const recipe::SourceSpec& source : recipe.sources)
        inputs.values["source " + source.name] =
            source::plan_source(recipe, source, context.sources.cache).key.to_hex();
    for (const std::string& need : node.sysroot) inputs.values["need " + need] = outputs.at(need).to_hex();
    for (const std::string& tool : node.host_tools) inputs.values["need " + tool] = outputs.at(tool).to_hex();
    for (const std::string& line : context.packages.tool_packages(all_tools(recipe), all_debian(recipe))) {
        const std::size_t equals = line.find('=');
        inputs.values["package " + line.substr(0, equals)] = line.substr(equals + 1);
    }
    add_recipe_files(recipe, inputs);
    add_parameters(recipe, context.parameters, inputs);
    return inputs;
}

std::vector<std::string> describe_changes(const Json& earlier, const BuildInputs& now) {
    std::vector<std::string> lines;
    for (const auto& [name, value] : now.values) {
        const auto before = earlier.find(name);
        if (before == earlier.end()) {
            lines.push_back(std::format("{} is new", name));
        } else if (*before != value) {
            if (name == "recipe") {
                lines.push_back(describe_recipe_change(before->get<std::string>(), value));
            } else {
                lines.push_back(std::format("{} changed: {} -> {}", name, shorten(before->get<std::string>()),
                                            shorten(value)));
            }
        }
    }
    for (const auto& [name, value] : earlier.items())
        if (!now.values.contains(name)) lines.push_back(std::format("{} is gone", name));
    return lines;
}

}  // namespace cairn::build
