#include "pkg/recipe/recipe.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/base/toml.h"
#include "pkg/recipe/read_source.h"

namespace cairn::recipe {
namespace {

namespace fs = std::filesystem;

Template parse_template(const TomlTable& build, const std::string& text) {
    if (text == "autotools") return Template::autotools;
    if (text == "cmake") return Template::cmake;
    if (text == "meson") return Template::meson;
    if (text == "make") return Template::make;
    if (text == "script") return Template::script;
    build.fail("template", std::format("is '{}', but must be autotools, cmake, meson, make or script", text));
}

std::string to_string(Template value) {
    switch (value) {
        case Template::autotools:
            return "autotools";
        case Template::cmake:
            return "cmake";
        case Template::meson:
            return "meson";
        case Template::make:
            return "make";
        case Template::script:
            return "script";
    }
    return {};
}

void check_names(const TomlTable& table, std::string_view key, const std::vector<std::string>& names) {
    for (const std::string& name : names)
        if (!is_package_name(name))
            table.fail(key, std::format("holds '{}', which is not a package name", name));
}

BuildSpec read_build(TomlTable table) {
    BuildSpec build;
    build.build_template = parse_template(table, table.string_or("template", "script"));
    build.needs = table.strings("needs");
    check_names(table, "needs", build.needs);
    build.tools = table.strings("tools");
    build.debian = table.strings("debian");
    build.options = table.strings("options");
    build.options_x86_64 = table.strings("options_x86_64");
    build.options_aarch64 = table.strings("options_aarch64");
    build.parameters = table.strings("parameters");
    for (const std::string& parameter : build.parameters)
        if (parameter != "driver_groups" && parameter != "module_certificate")
            table.fail("parameters", std::format("holds '{}', which no image gives", parameter));
    for (const std::string& name : table.strings("architectures"))
        build.architectures.push_back(parse_architecture(name));
    build.script = table.string_or("script", "");
    build.subdir = table.string_or("subdir", "");
    build.cost = table.integer_or("cost", build.cost);
    build.host = table.bool_or("host", false);
    build.in_source = table.bool_or("in_source", false);
    build.runtime = table.bool_or("runtime", true);
    if (build.build_template == Template::script && build.script.empty()) table.fail("script", "is missing");
    table.finish();
    return build;
}

SplitSpec read_split(TomlTable table) {
    SplitSpec split{.name = table.required_string("name"),
                    .files = table.strings("files"),
                    .depends = table.strings("depends")};
    check_names(table, "name", {split.name});
    check_names(table, "depends", split.depends);
    table.finish();
    return split;
}

AttributeSpec read_attribute(TomlTable table) {
    AttributeSpec attribute{.path = table.required_string("path"),
                            .owner = table.find_string("owner"),
                            .group = table.find_string("group"),
                            .mode = {},
                            .capabilities = table.find_string("capabilities")};
    if (const auto text = table.find_string("mode")) {
        unsigned mode = 0;
        const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
        if (code != std::errc() || end != text->data() + text->size() || mode > 07777)
            table.fail("mode", std::format("is '{}', but must be an octal mode such as \"0750\"", *text));
        if ((mode & 06000) != 0)
            table.fail("mode", "asks for setuid or setgid, which is refused; use capabilities");
        attribute.mode = mode;
    }
    table.finish();
    return attribute;
}

[[noreturn]] void fail_no_recipe(const fs::path& recipes, const std::string& name) {
    UsageError error(std::format("there is no recipe '{}' in '{}'", name, recipes.string()));
    if (const auto nearest = find_nearest(name, list_recipes(recipes)))
        error.hint(std::format("did you mean '{}'?", *nearest));
    throw error;
}

}  // namespace

std::string to_string(Architecture architecture) {
    return architecture == Architecture::x86_64 ? "x86_64" : "aarch64";
}

Architecture parse_architecture(std::string_view text) {
    if (text == "x86_64") return Architecture::x86_64;
    if (text == "aarch64") return Architecture::aarch64;
    throw UsageError(std::format("'{}' is not an architecture", text)).hint("known: x86_64, aarch64");
}

Architecture host_architecture() {
#if defined(__aarch64__)
    return Architecture::aarch64;
#else
    return Architecture::x86_64;
#endif
}

bool is_package_name(std::string_view name) {
    const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (name.empty() || name.size() > 128 || !is_word(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) { return is_word(c) || c == '+' || c == '.' || c == '-'; });
}

Recipe read_recipe(const fs::path& recipes, const std::string& name) {
    const fs::path file = recipes / name / "recipe.toml";
    if (!is_package_name(name) || !fs::exists(file)) fail_no_recipe(recipes, name);
    TomlTable root = TomlTable::read(file);
    Recipe recipe;
    recipe.name = name;
    recipe.directory = recipes / name;
    auto package = root.find_table("package");
    if (!package) root.fail("package", "is missing");
    recipe.version = package->required_string("version");
    recipe.license = package->required_string("license");
    recipe.summary = package->required_string("summary");
    recipe.depends = package->strings("depends");
    check_names(*package, "depends", recipe.depends);
    package->finish();
    for (TomlTable& table : root.tables("source"))
        recipe.sources.push_back(read_source(table, recipe.sources));
    auto build = root.find_table("build");
    if (!build) root.fail("build", "is missing");
    recipe.build = read_build(*build);
    for (TomlTable& table : root.tables("split")) recipe.splits.push_back(read_split(table));
    for (TomlTable& table : root.tables("attributes")) recipe.attributes.push_back(read_attribute(table));
    root.finish();
    return recipe;
}

std::vector<std::string> list_recipes(const fs::path& recipes) {
    std::vector<std::string> names;
    std::error_code code;
    for (const fs::directory_entry& entry : fs::directory_iterator(recipes, code))
        if (fs::exists(entry.path() / "recipe.toml")) names.push_back(entry.path().filename().string());
    if (code) throw SystemError(std::format("cannot list recipes in '{}'", recipes.string()), code.value());
    std::ranges::sort(names);
    return names;
}

std::string canonical_meaning(const Recipe& recipe, Architecture architecture) {
    const BuildSpec& build = recipe.build;
    std::vector<std::string> options = build.options;
    if (!build.host) {
        const auto& more =
            architecture == Architecture::x86_64 ? build.options_x86_64 : build.options_aarch64;
        options.insert(options.end(), more.begin(), more.end());
    }
    Json meaning{
        {"name", recipe.name},  {"version", recipe.version},    {"template", to_string(build.build_template)},
        {"options", options},   {"script", build.script},       {"subdir", build.subdir},
        {"host", build.host},   {"in_source", build.in_source}, {"runtime", build.runtime},
        {"tools", build.tools}, {"debian", build.debian}};
    for (const SourceSpec& source : recipe.sources) meaning["sources"].push_back(source.name);
    return meaning.dump();
}

}  // namespace cairn::recipe
