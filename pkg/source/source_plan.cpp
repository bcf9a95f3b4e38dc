#include "pkg/source/source_plan.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/source/fetch_file.h"

namespace cairn::source {
namespace {

/// Raised when the same inputs unpack to other trees than before.
constexpr std::uint64_t tree_version = 1;

class KeyHasher {
  public:
    void add(std::string_view text) {
        hasher_.update_number(text.size());
        hasher_.update(text);
    }
    void add(std::uint64_t number) { hasher_.update_number(number); }
    void add(const crypto::Hash& hash) { hasher_.update(hash.bytes()); }
    void add(const std::vector<std::string>& texts) {
        add(texts.size());
        for (const std::string& text : texts) add(text);
    }
    crypto::Hash finish() { return hasher_.finish(); }

  private:
    crypto::Blake2bHasher hasher_;
};

void add_content(KeyHasher& hasher, const SourcePlan& plan) {
    const recipe::SourceSpec& spec = plan.spec;
    switch (spec.kind) {
        case recipe::SourceSpec::Kind::debian:
        case recipe::SourceSpec::Kind::url:
            hasher.add("file");
            hasher.add(*spec.sha256);
            break;
        case recipe::SourceSpec::Kind::git:
            hasher.add("git");
            hasher.add(spec.git_commit);
            break;
        case recipe::SourceSpec::Kind::path:
            hasher.add("path");
            hasher.add(plan.files.size());
            for (const PathFile& file : plan.files) {
                hasher.add(file.path);
                hasher.add(file.is_executable ? 1 : 0);
                hasher.add(file.link);
                hasher.add(file.content);
            }
            return;  // the list says already what was chosen
    }
    hasher.add(spec.only);
    hasher.add(spec.exclude);
    hasher.add(spec.inner);
    hasher.add(static_cast<std::uint64_t>(spec.strip));
    hasher.add(spec.unpack ? "" : PinnedFile{"", spec}.file_name());
}

crypto::Hash make_key(const SourcePlan& plan) {
    KeyHasher hasher;
    hasher.add("cairn source tree");
    hasher.add(tree_version);
    add_content(hasher, plan);
    hasher.add(plan.patches.size());
    for (const Patch& patch : plan.patches) hasher.add(patch.text);
    return hasher.finish();
}

}  // namespace

SourcePlan plan_source(const recipe::Recipe& recipe, const recipe::SourceSpec& spec,
                       const std::filesystem::path& cache) {
    SourcePlan plan{.spec = spec, .patches = read_patches(recipe.directory, spec.patches)};
    if (spec.kind == recipe::SourceSpec::Kind::path) {
        plan.directory = find_source_directory(recipe, spec);
        plan.files = list_path_files(plan.directory, spec, cache);
        if (plan.files.empty())
            throw UsageError(std::format("cannot use source '{}' of recipe '{}': no file is chosen from '{}'",
                                         spec.name, recipe.name, plan.directory.string()));
    } else if (is_downloaded(spec) && !spec.sha256) {
        throw UsageError(std::format("cannot use source '{}' of recipe '{}': its \"sha256\" is missing",
                                     spec.name, recipe.name));
    }
    plan.key = make_key(plan);
    return plan;
}

crypto::Hash hash_sources(const recipe::Recipe& recipe, const std::filesystem::path& cache) {
    KeyHasher hasher;
    hasher.add(recipe.sources.size());
    for (const recipe::SourceSpec& spec : recipe.sources) {
        hasher.add(spec.name);
        hasher.add(plan_source(recipe, spec, cache).key);
    }
    return hasher.finish();
}

}  // namespace cairn::source
