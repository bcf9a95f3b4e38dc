#include "pkg/recipe/recipe.h"

#include "pkg/base/dir.h"
#include "pkg/base/files.h"
#include "tests/fuzz/fuzz.h"

/// Input: a recipe.toml.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

std::optional<recipe::Recipe> read(const std::filesystem::path& recipes, std::string_view text) {
    write_file(recipes / "fuzz" / "recipe.toml", text);
    return find_accepted<UsageError>([&] { return recipe::read_recipe(recipes, "fuzz"); });
}

void check_source(const recipe::SourceSpec& source) {
    using Kind = recipe::SourceSpec::Kind;
    require(recipe::is_package_name(source.name), "a source's name is a folder");
    require(source.sha256 || source.kind == Kind::git || source.kind == Kind::path,
            "every download has a hash");
    require(source.kind != Kind::git || source.git_commit.size() == 40, "a commit is named in full");
    require(source.strip >= 0 && source.strip <= 16, "strip is within its bounds");
    for (const std::string& patch : source.patches)
        require(is_safe_relative_path(patch), "a patch lies beside the recipe");
}

void check_recipe(const recipe::Recipe& recipe) {
    for (const recipe::SourceSpec& source : recipe.sources) check_source(source);
    for (const auto* const names : {&recipe.depends, &recipe.build.needs})
        for (const std::string& name : *names)
            require(recipe::is_package_name(name), "what is needed is named by package names");
    for (const recipe::SplitSpec& split : recipe.splits)
        require(recipe::is_package_name(split.name), "a split has a package's name");
    for (const recipe::AttributeSpec& attribute : recipe.attributes)
        require((attribute.mode.value_or(0) & ~01777U) == 0, "setuid and setgid are refused");
}

std::string meaning(const recipe::Recipe& recipe) {
    return recipe::canonical_meaning(recipe, recipe::Architecture::x86_64) +
           recipe::canonical_meaning(recipe, recipe::Architecture::aarch64);
}

}  // namespace

FUZZ_TARGET(input) {
    const TemporaryDirectory recipes;
    make_directories(recipes.path() / "fuzz");
    const auto recipe = read(recipes.path(), text_of(input));
    if (!recipe) return;
    check_recipe(*recipe);
    const auto commented =
        read(recipes.path(), "# a comment\n\n" + std::string(text_of(input)) + "\n# another\n");
    require(commented && meaning(*commented) == meaning(*recipe), "comments mean nothing");
}
