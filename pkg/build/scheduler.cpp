#include "pkg/build/scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <format>
#include <mutex>
#include <set>
#include <thread>

#include "pkg/base/error.h"

namespace cairn::build {
namespace {

using std::chrono::milliseconds;

std::map<std::string, crypto::Hash> visible_outputs(const PlanNode& node,
                                                    const std::map<std::string, StagedTree>& staged) {
    std::map<std::string, crypto::Hash> outputs;
    for (const std::string& name : node.sysroot) outputs[name] = staged.at(name).output;
    for (const std::string& name : node.host_tools) outputs[name] = staged.at(name).output;
    return outputs;
}

/// How long a recipe takes: as long as last time, else what it says of itself.
milliseconds expected_duration(const PlanNode& node, const store::Store& store) {
    const auto record = store.find_latest(node.recipe.name, record_architecture(node));
    return record ? record->duration : std::chrono::seconds(node.recipe.build.cost);
}

/// Length of the longest chain of builds that starts with each recipe.
std::map<std::string, milliseconds> chain_lengths(const BuildPlan& plan, const store::Store& store) {
    std::map<std::string, milliseconds> lengths;
    for (auto it = plan.order.rbegin(); it != plan.order.rend(); ++it) {
        const PlanNode& node = plan.nodes.at(*it);
        lengths[*it] +=
            expected_duration(node, store);  // users came before and left the longest of theirs here
        for (const std::string& need : node.needs) lengths[need] = std::max(lengths[need], lengths[*it]);
    }
    return lengths;
}

class Scheduler {
  public:
    Scheduler(const BuildPlan& plan, BuildContext& context, bool keep_going)
        : plan_(plan),
          context_(context),
          keep_going_(keep_going),
          lengths_(chain_lengths(plan, context.store)) {
        for (const auto& [name, node] : plan.nodes) waiting_.insert(name);
    }

    std::map<std::string, StagedTree> run() {
        std::vector<std::thread> workers;
        for (unsigned i = 0; i < context_.budget.jobs(); ++i) workers.emplace_back([this] { work(); });
        for (std::thread& worker : workers) worker.join();
        if (failure_) std::rethrow_exception(failure_);
        if (context_.stop) throw CommandError("interrupted: the next run goes on from what is whole", 130);
        return std::move(staged_);
    }

  private:
    void work() {
        std::unique_lock guard(mutex_);
        while (true) {
            const auto name = pick();
            if (!name) {
                if (running_ == 0 || is_over()) {
                    changed_.notify_all();
                    return;
                }
                changed_.wait_for(guard, milliseconds(200));
                continue;
            }
            waiting_.erase(*name);
            ++running_;
            const PlanNode& node = plan_.nodes.at(*name);
            const auto outputs = visible_outputs(node, staged_);
            guard.unlock();
            std::optional<StagedTree> result;
            std::exception_ptr failure;
            try {
                result = build_one(node, outputs);
            } catch (...) {
                failure = std::current_exception();
                context_.observer.on_failure(*name);
            }
            guard.lock();
            --running_;
            if (result) staged_.emplace(*name, std::move(*result));
            if (failure && !failure_) failure_ = failure;
            changed_.notify_all();
        }
    }

    StagedTree build_one(const PlanNode& node, const std::map<std::string, crypto::Hash>& outputs) {
        return with_context(std::format("building recipe '{}'", node.recipe.name), [&] {
            const BuildInputs inputs = collect_inputs(node, outputs, context_);
            if (auto staged = find_staged(node, inputs, context_);
                staged && verify_staged(*staged, context_.store)) {
                context_.observer.on_finish(node.recipe.name, false, staged->duration);
                return std::move(*staged);
            }
            const auto record = context_.store.find_latest(node.recipe.name, record_architecture(node));
            context_.observer.on_start(node.recipe.name,
                                       record ? std::optional(record->duration) : std::nullopt);
            StagedTree staged = build_recipe(node, inputs, outputs, context_);
            context_.observer.on_finish(node.recipe.name, staged.was_built, staged.duration);
            return staged;
        });
    }

    bool is_over() const { return context_.stop || (failure_ && !keep_going_); }

    /// The ready recipe with the longest chain behind it.
    std::optional<std::string> pick() const {
        if (is_over()) return std::nullopt;
        std::optional<std::string> best;
        for (const std::string& name : waiting_) {
            const auto is_built = [this](const std::string& need) { return staged_.contains(need); };
            if (!std::ranges::all_of(plan_.nodes.at(name).needs, is_built)) continue;
            if (!best || lengths_.at(name) > lengths_.at(*best)) best = name;
        }
        return best;
    }

    const BuildPlan& plan_;
    BuildContext& context_;
    bool keep_going_;
    std::map<std::string, milliseconds> lengths_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> waiting_;
    std::map<std::string, StagedTree> staged_;
    unsigned running_ = 0;
    std::exception_ptr failure_;
};

}  // namespace

std::map<std::string, StagedTree> build_all(const BuildPlan& plan, BuildContext& context, bool keep_going) {
    context.store.sweep_work();
    return Scheduler(plan, context, keep_going).run();
}

std::optional<std::map<std::string, StagedTree>> find_all_staged(const BuildPlan& plan,
                                                                 BuildContext& context) {
    std::map<std::string, StagedTree> staged;
    for (const std::string& name : plan.order) {
        const PlanNode& node = plan.nodes.at(name);
        const BuildInputs inputs = with_context(std::format("looking at recipe '{}'", name), [&] {
            return collect_inputs(node, visible_outputs(node, staged), context);
        });
        auto found = find_staged(node, inputs, context);
        if (!found) return std::nullopt;
        staged.emplace(name, std::move(*found));
    }
    return staged;
}

std::optional<milliseconds> estimate_rest(const BuildPlan& plan, BuildContext& context) {
    milliseconds work{0};
    milliseconds longest{0};
    std::map<std::string, StagedTree> staged;
    for (const std::string& name : plan.order) {
        const PlanNode& node = plan.nodes.at(name);
        const bool knows_needs =
            std::ranges::all_of(node.needs, [&](const auto& need) { return staged.contains(need); });
        if (knows_needs)
            if (auto found = find_staged(node, collect_inputs(node, visible_outputs(node, staged), context),
                                         context)) {
                staged.emplace(name, std::move(*found));
                continue;
            }
        const auto record = context.store.find_latest(name, record_architecture(node));
        if (!record) return std::nullopt;
        work += record->duration;
        longest = std::max(longest, record->duration);
    }
    // Builds that ran side by side each lasted longer than they would alone, so the sum over the jobs is a
    // fair guess.
    return std::max(longest, work / context.budget.jobs());
}

std::map<std::string, crypto::Hash> outputs_of(const std::map<std::string, StagedTree>& staged) {
    std::map<std::string, crypto::Hash> outputs;
    for (const auto& [name, tree] : staged) outputs[name] = tree.output;
    return outputs;
}

}  // namespace cairn::build
