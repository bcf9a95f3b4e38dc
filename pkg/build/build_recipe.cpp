#include "pkg/build/build_recipe.h"

#include <cstdio>
#include <format>
#include <span>
#include <utility>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/build/environment.h"
#include "pkg/build/sysroot.h"
#include "pkg/sandbox/sandbox.h"
#include "pkg/sandbox/toolchain.h"
#include "pkg/source/fetch_source.h"

namespace cairn::build {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t shown_log_lines = 25;

std::map<std::string, std::vector<std::string>> read_listed_splits(const fs::path& directory) {
    std::map<std::string, std::vector<std::string>> splits;
    if (!fs::exists(directory)) return splits;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        const std::string name = entry.path().filename().string();
        if (!recipe::is_package_name(name))
            throw UsageError(
                std::format("the build lists files for '{}', which is not a package name", name));
        for (const std::string& line : split(read_file(entry.path()), '\n'))
            if (!trim(line).empty()) splits[name].emplace_back(trim(line));
    }
    return splits;
}

StagedTree make_staged(const PlanNode& node, const store::BuildRecord& record, const store::Store& store) {
    const fs::path directory = store.output_directory(record.output);
    return {.recipe = node.recipe,
            .architecture = record.architecture,
            .key = record.key,
            .output = record.output,
            .stage = directory / "stage",
            .listed_splits = read_listed_splits(directory / "split"),
            .duration = record.duration,
            .size = record.size,
            .was_built = false};
}

fs::path failed_directory(const PlanNode& node, const store::Store& store) {
    return store.root() / "failed" / std::format("{}.{}", node.recipe.name, record_architecture(node));
}

std::vector<crypto::Hash> pick(const std::vector<std::string>& names,
                               const std::map<std::string, crypto::Hash>& outputs) {
    std::vector<crypto::Hash> hashes;
    for (const std::string& name : names) hashes.push_back(outputs.at(name));
    return hashes;
}

/// Everything of the sandbox but what runs in it.
sandbox::SandboxSpec make_spec(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs,
                               const fs::path& work, BuildContext& context) {
    const recipe::Recipe& recipe = node.recipe;
    sandbox::SandboxSpec spec;
    spec.limits = context.limits;
    spec.tools = all_tools(recipe);
    spec.debian = all_debian(recipe);
    for (const source::SourceTree::Part& part : source::fetch_source(recipe, context.sources).parts)
        spec.mounts.push_back({part.directory, "/source/" + part.name});
    spec.mounts.push_back({fs::absolute(recipe.directory), "/recipe"});
    spec.mounts.push_back(
        {make_sysroot(context.store, pick(node.sysroot, outputs), node.sysroot), "/sysroot"});
    spec.mounts.push_back(
        {make_sysroot(context.store, pick(node.host_tools, outputs), node.host_tools), "/host"});
    make_directories(work / "toolchain");
    sandbox::make_toolchain_directory(
        work / "toolchain", target_triple(node),
        recipe.build.host ? sandbox::BuildFor::host : sandbox::BuildFor::target);
    spec.mounts.push_back({work / "toolchain", "/toolchain"});
    make_directories(work / "cairn");
    fs::copy_file(context.steps, work / "cairn" / "steps.sh", fs::copy_options::overwrite_existing);
    write_file(work / "cairn" / "script.sh", make_script(node));
    spec.mounts.push_back({work / "cairn", "/cairn"});
    for (const std::string& parameter : recipe.build.parameters)
        if (parameter == "module_certificate")
            spec.mounts.push_back({context.parameters.module_certificate, module_certificate_path});
    return spec;
}

std::string last_log_lines(const fs::path& log) {
    const std::string text = read_file(log);
    const std::vector<std::string> lines = split(trim(text), '\n');
    const std::size_t first = lines.size() > shown_log_lines ? lines.size() - shown_log_lines : 0;
    return "\n| " + join(std::span(lines).subspan(first), "\n| ");
}

/// Keeps the build directory where `cairn shell` looks for it, and says what happened.
[[noreturn]] void fail_build(const PlanNode& node, const sandbox::SandboxResult& result,
                             const fs::path& build_directory, const fs::path& log,
                             const BuildContext& context) {
    if (result.reason == sandbox::EndReason::interrupted)
        throw CommandError(std::format("recipe '{}' was interrupted", node.recipe.name), 130);
    const fs::path kept = failed_directory(node, context.store);
    make_directories(kept.parent_path());
    remove_tree(kept);
    std::error_code ignored;  // the directory is a help for people; the failure itself is what counts
    fs::rename(build_directory, kept, ignored);
    const std::string why = result.reason == sandbox::EndReason::finished
                                ? std::format("its script ended with status {}", result.status)
                                : std::string(sandbox::to_text(result.reason));
    const std::string arch = node.recipe.build.host || node.architecture == recipe::host_architecture()
                                 ? ""
                                 : " --arch " + recipe::to_string(node.architecture);
    throw CommandError(std::format("cannot build recipe '{}': {}", node.recipe.name, why), result.status)
        .detail("last lines", last_log_lines(log))
        .detail("log", log.string())
        .hint(std::format("'cairn shell {}{}' opens a shell in this sandbox, as the build left it",
                          node.recipe.name, arch));
}

bool uses_job_server(const recipe::Recipe& recipe) {
    return recipe.build.build_template != recipe::Template::cmake &&
           recipe.build.build_template != recipe::Template::meson;
}

/// Runs the script; gives the build directory holding `stage` and `split`.
void run_build(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs, const fs::path& work,
               BuildContext& context) {
    const JobBudget::Share share = context.budget.take(
        uses_job_server(node.recipe) ? JobBudget::Client::jobserver : JobBudget::Client::fixed);
    sandbox::SandboxSpec spec = make_spec(node, outputs, work, context);
    const fs::path log = context.store.log_path(node.recipe.name, record_architecture(node));
    write_file(log, "");
    make_directories(work / "build");
    spec.arguments = {"bash", "/cairn/script.sh"};
    spec.environment =
        make_environment(node, context, uses_job_server(node.recipe) ? context.budget.jobs() : share.jobs(),
                         context.budget.makeflags(context.budget.read_fd(), context.budget.write_fd()));
    spec.build_directory = work / "build";
    spec.inherited = {context.budget.read_fd(), context.budget.write_fd()};
    spec.log = log;
    const sandbox::SandboxResult result = sandbox::run_in_sandbox(spec, context.packages, context.stop);
    if (result.reason != sandbox::EndReason::finished || result.status != 0)
        fail_build(node, result, work / "build", log, context);
    remove_tree(failed_directory(node, context.store));
}

}  // namespace

crypto::Hash hash_output(const fs::path& directory) {
    const archive::FileTree tree = archive::scan_tree(directory / "stage");
    if (!fs::exists(directory / "split")) return archive::hash_tree(tree);
    crypto::Blake2bHasher hasher;
    hasher.update(archive::hash_tree(tree).bytes());
    hasher.update(archive::hash_tree(archive::scan_tree(directory / "split")).bytes());
    return hasher.finish();
}

std::optional<StagedTree> find_staged(const PlanNode& node, const BuildInputs& inputs,
                                      const BuildContext& context) {
    const auto record = context.store.find_record(inputs.key());
    if (!record || !context.store.has_output(record->output)) return std::nullopt;
    return make_staged(node, *record, context.store);
}

bool verify_staged(const StagedTree& staged, const store::Store& store) {
    try {
        if (hash_output(store.output_directory(staged.output)) == staged.output) return true;
    } catch (const Error&) {  // not even a tree that could be read
    }
    store.remove_record(staged.key);
    store.remove_output(staged.output);
    return false;
}

StagedTree build_recipe(const PlanNode& node, const BuildInputs& inputs,
                        const std::map<std::string, crypto::Hash>& outputs, BuildContext& context) {
    const FileLock lock = context.store.lock_key(inputs.key());
    if (auto staged = find_staged(node, inputs, context)) return std::move(*staged);
    const auto start = std::chrono::steady_clock::now();
    store::WorkDirectory work = context.store.make_work_directory(node.recipe.name);
    run_build(node, outputs, work.path(), context);

    const fs::path output = work.path() / "output";
    make_directories(output);
    fs::rename(work.path() / "build" / "stage", output / "stage");
    if (!fs::is_empty(work.path() / "build" / "split"))
        fs::rename(work.path() / "build" / "split", output / "split");
    const auto listed = read_listed_splits(output / "split");
    const crypto::Hash hash = with_context(std::format("reading what recipe '{}' staged", node.recipe.name),
                                           [&] { return hash_output(output); });
    // A run that is killed here leaves a work directory, which the next run sweeps; then an output without a
    // record, which the next build of it finds in place. The record comes last: where it is, its output is
    // whole.
    context.store.put_output(output, hash);
    store::BuildRecord record{
        .recipe = node.recipe.name,
        .architecture = record_architecture(node),
        .key = inputs.key(),
        .output = hash,
        .inputs = inputs.to_json(),
        .duration = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start),
        .size = archive::scan_tree(context.store.output_directory(hash) / "stage").content_size()};
    context.store.write_record(record);
    StagedTree staged = make_staged(node, record, context.store);
    staged.was_built = true;
    return staged;
}

int open_shell(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs,
               BuildContext& context) {
    store::WorkDirectory work = context.store.make_work_directory(node.recipe.name);
    sandbox::SandboxSpec spec = make_spec(node, outputs, work.path(), context);
    const fs::path failed = failed_directory(node, context.store);
    spec.build_directory = fs::exists(failed) ? failed : work.path() / "build";
    make_directories(spec.build_directory / "work");
    spec.arguments = {"bash", "--norc", "-i"};
    spec.environment =
        make_environment(node, context, context.budget.jobs(), std::format("-j{}", context.budget.jobs()));
    spec.environment.push_back(
        std::format("PS1=[{} {}] \\w\\$ ", node.recipe.name, record_architecture(node)));
    spec.directory = "/build/work";
    spec.streams = sandbox::Streams::terminal;
    std::fputs(std::format("The build runs 'bash /cairn/script.sh'. {}\n",
                           fs::exists(failed) ? "/build is as the failed build left it." : "/build is empty.")
                   .c_str(),
               stderr);
    return sandbox::run_in_sandbox(spec, context.packages, context.stop).status;
}

}  // namespace cairn::build
