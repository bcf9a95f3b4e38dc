#include "pkg/source/fetch_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <format>

#include "pkg/archive/unpack.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/source/fetch_file.h"
#include "pkg/source/git_source.h"
#include "pkg/source/source_cache.h"
#include "pkg/source/source_plan.h"
#include "pkg/source/tree_state.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

/// The archive inside the archive, unpacked beside the tree and removed afterwards.
void unpack_inner(const fs::path& file, const recipe::SourceSpec& spec, const Dir& tree,
                  const fs::path& work) {
    const TemporaryDirectory outer(work, "outer");
    const Dir outer_tree = Dir::open(outer.path());
    archive::unpack_archive(file, outer_tree, {.only = {spec.inner}});
    const auto status = outer_tree.find_status(spec.inner);
    if (!status || !S_ISREG(status->st_mode))
        throw UsageError(std::format("cannot unpack '{}': it holds no file '{}'", file.string(), spec.inner));
    archive::unpack_archive(outer.path() / spec.inner, tree,
                            {.strip = spec.strip, .only = spec.only, .exclude = spec.exclude});
}

void unpack_file(const PinnedFile& pin, const Dir& tree, const fs::path& work, Environment& environment) {
    const fs::path file = fetch_file(pin, environment);
    const recipe::SourceSpec& spec = pin.spec;
    if (!spec.unpack) {
        fs::copy_file(file, fs::path(tree.name()) / pin.file_name());
        ::chmod((fs::path(tree.name()) / pin.file_name()).c_str(), 0644);
    } else if (!spec.inner.empty()) {
        unpack_inner(file, spec, tree, work);
    } else {
        archive::unpack_archive(file, tree,
                                {.strip = spec.strip, .only = spec.only, .exclude = spec.exclude});
    }
}

void require_files(const TreeState& state, const recipe::Recipe& recipe, const recipe::SourceSpec& spec) {
    if (state.entries > 0) return;
    throw UsageError(
        std::format("cannot use source '{}' of recipe '{}': nothing is left of it", spec.name, recipe.name))
        .hint("look at \"only\", \"exclude\" and \"strip\" in its recipe.toml");
}

/// One tree of the cache: trees/<key>/tree, with trees/<key>/state, which says how it looked when it was
/// made.
class CachedTree {
  public:
    CachedTree(const recipe::Recipe& recipe, const SourcePlan& plan, Environment& environment)
        : recipe_(recipe),
          plan_(plan),
          environment_(environment),
          place_(environment.cache / "trees" / plan.key.to_hex()),
          making_(environment.cache / "trees" / (plan.key.to_hex() + ".making")) {}

    fs::path get() {
        if (is_whole()) return mark_used();
        make_directories(place_.parent_path());
        const FileLock lock = SourceCache(environment_.cache).lock("tree-" + plan_.key.to_hex());
        if (!is_whole()) make();  // unless another run was quicker
        return mark_used();
    }

  private:
    bool is_whole() const {
        const auto record = find_file(place_ / "state");
        return record && fs::is_directory(place_ / "tree") &&
               *record == describe(look_at_tree(place_ / "tree"));
    }

    std::string describe(const TreeState& state) const {
        return std::format("entries {}\nbytes {}\nfixed {}\n", state.entries, state.bytes,
                           state.is_fixed ? "yes" : "no");
    }

    /// Made beside its place and renamed whole: a tree that is there is complete.
    void make() {
        if (fs::exists(place_))
            environment_.note(
                std::format("the unpacked source '{}' of '{}' was changed in the cache: unpacking it again",
                            plan_.spec.name, recipe_.name));
        remove_tree(place_);
        remove_tree(making_);
        make_directories(making_ / "tree");
        fill(making_ / "tree");
        for (const Patch& patch : plan_.patches) apply_patch(patch, making_ / "tree");
        const TreeState state = fix_tree(making_ / "tree");
        require_files(state, recipe_, plan_.spec);
        write_file(making_ / "state", describe(state));
        fs::rename(making_, place_);
    }

    void fill(const fs::path& path) {
        const Dir tree = Dir::open(path);
        switch (plan_.spec.kind) {
            case recipe::SourceSpec::Kind::debian:
            case recipe::SourceSpec::Kind::url:
                return unpack_file({recipe_.name, plan_.spec}, tree, making_, environment_);
            case recipe::SourceSpec::Kind::git:
                return unpack_git_commit(plan_.spec, tree, environment_);
            case recipe::SourceSpec::Kind::path:
                return copy_path_files(plan_.directory, plan_.files, path);
        }
    }

    /// The time of the state file says when the tree was last used, for whoever cleans the cache.
    fs::path mark_used() const {
        ::utimensat(AT_FDCWD, (place_ / "state").c_str(), nullptr, 0);
        return place_ / "tree";
    }

    const recipe::Recipe& recipe_;
    const SourcePlan& plan_;
    Environment& environment_;
    fs::path place_;
    fs::path making_;
};

}  // namespace

SourceTree fetch_source(const recipe::Recipe& recipe, Environment& environment) {
    SourceTree result;
    for (const recipe::SourceSpec& spec : recipe.sources) {
        with_context(std::format("getting source '{}' of recipe '{}'", spec.name, recipe.name), [&] {
            const SourcePlan plan = plan_source(recipe, spec, environment.cache);
            result.parts.push_back({spec.name, CachedTree(recipe, plan, environment).get(), plan.key});
        });
    }
    return result;
}

}  // namespace cairn::source
