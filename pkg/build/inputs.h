#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/build/context.h"
#include "pkg/build/plan.h"

/// What a build depends on. The build key is the hash of all of it; `explain` compares two of them.
namespace cairn::build {

/// Named inputs of one build: "source main", "need zlib", "package clang-19", "recipe" and so on.
struct BuildInputs {
    std::map<std::string, std::string> values;

    crypto::Hash key() const;
    Json to_json() const;
    bool operator==(const BuildInputs&) const = default;
};

/// `outputs` holds the output hash of every recipe that the node sees. Reads files of the recipe and of this
/// machine's package database; builds and downloads nothing.
BuildInputs collect_inputs(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs,
                           BuildContext& context);

/// The name under which records of this node are kept: the architecture, or "host" for a host recipe.
std::string record_architecture(const PlanNode& node);

/// One line for each input that differs between an earlier build and now; empty when nothing does.
std::vector<std::string> describe_changes(const Json& earlier, const BuildInputs& now);

}  // namespace cairn::build
