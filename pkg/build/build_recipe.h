#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "pkg/build/context.h"
#include "pkg/build/inputs.h"
#include "pkg/build/plan.h"

namespace cairn::build {

/// What a recipe gave: the files as they will be installed.
struct StagedTree {
    recipe::Recipe recipe;
    std::string architecture;     // "host" for a host recipe
    crypto::Hash key;             // of everything that went in
    crypto::Hash output;          // of what came out, before any signature
    std::filesystem::path stage;  // in the store, read-only
    /// Packages whose files the build itself listed: name -> globs.
    std::map<std::string, std::vector<std::string>> listed_splits;
    std::chrono::milliseconds duration{0};  // of the build that made it
    std::uint64_t size = 0;                 // bytes of its files
    bool was_built = false;                 // in this run; false: the store had it
};

/// The staged tree that the store has for these inputs, if it has one.
std::optional<StagedTree> find_staged(const PlanNode& node, const BuildInputs& inputs,
                                      const BuildContext& context);

/// Reads the whole staged tree. True when it is what was built; otherwise the store forgets it, and the next
/// build of these inputs makes it anew.
bool verify_staged(const StagedTree& staged, const store::Store& store);

/// Builds one recipe in the sandbox, unless the store has its output; `outputs` are those of everything it
/// sees. Another run that builds the same key is waited for. On failure throws CommandError with the last
/// lines of the log, and keeps the build directory for `cairn shell`; the store is as before.
StagedTree build_recipe(const PlanNode& node, const BuildInputs& inputs,
                        const std::map<std::string, crypto::Hash>& outputs, BuildContext& context);

/// Opens a shell in the recipe's sandbox, in the directory of its last failed build if there is one. Gives
/// the shell's exit status.
int open_shell(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs,
               BuildContext& context);

/// The hash of an output directory: its staged tree and its lists of splits. Reads every file.
crypto::Hash hash_output(const std::filesystem::path& directory);

}  // namespace cairn::build
