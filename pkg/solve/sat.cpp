#include "pkg/solve/sat.h"

#include <algorithm>
#include <solv/solver.h>

#include "pkg/base/error.h"

namespace cairn::solve {
namespace {

struct FreeSolver {
    void operator()(Solver* solver) const { solver_free(solver); }
};

/// More problems than these say nothing new.
constexpr unsigned problem_limit = 3;

Id set_of(const SatPool& pool, const std::vector<std::size_t>& entries) {
    IdQueue ids;
    for (const std::size_t entry : entries) ids.push(pool.id_of(entry));
    return pool_queuetowhatprovides(pool.get(), ids.get());
}

void push(IdQueue& jobs, const SatPool& pool, const Wish& wish) {
    const auto name = [&] { return pool_str2id(pool.get(), wish.text.c_str(), 1); };
    const auto add = [&](int how, Id what) {
        jobs.push(how);
        jobs.push(what);
    };
    switch (wish.kind) {
        case Wish::Kind::install:
            return add(SOLVER_INSTALL | SOLVER_SOLVABLE_ONE_OF | (wish.names_version ? SOLVER_SETEVR : 0),
                       set_of(pool, wish.entries));
        case Wish::Kind::remove:
            return add(SOLVER_ERASE | SOLVER_SOLVABLE_NAME, name());
        case Wish::Kind::upgrade:
            return add(SOLVER_UPDATE | SOLVER_SOLVABLE_NAME, name());
        case Wish::Kind::upgrade_all:
            return add(SOLVER_UPDATE | SOLVER_SOLVABLE_ALL, 0);
        case Wish::Kind::hold:
            return add(SOLVER_LOCK | SOLVER_SOLVABLE_NAME, name());
        case Wish::Kind::favour:
            return add(SOLVER_FAVOR | SOLVER_SOLVABLE_ONE_OF, set_of(pool, wish.entries));
    }
}

void read_solution(const SatPool& pool, Solver& solver, Answer& answer) {
    IdQueue decisions;
    solver_get_decisionqueue(&solver, decisions.get());
    for (int i = 0; i < decisions.size(); ++i)
        if (decisions[i] > SYSTEMSOLVABLE) answer.installed.push_back(pool.entry_of(decisions[i]));
    std::ranges::sort(answer.installed);
    for (int i = 1; i <= solver_alternatives_count(&solver); ++i) {
        IdQueue choices;
        Id id = 0, from = 0, chosen = 0;
        int level = 0;
        solver_get_alternative(&solver, i, &id, &from, &chosen, choices.get(), &level);
        std::vector<std::size_t>& entries = answer.choices.emplace_back();
        for (int j = 0; j < choices.size(); ++j)
            if (choices[j] != 0) entries.push_back(pool.entry_of(std::abs(choices[j])));
    }
}

/// Entries that a rule's positive literals name.
std::vector<std::size_t> positive(const SatPool& pool, Solver& solver, Id rule) {
    IdQueue literals;
    solver_ruleliterals(&solver, rule, literals.get());
    std::vector<std::size_t> entries;
    for (int i = 0; i < literals.size(); ++i)
        if (literals[i] > SYSTEMSOLVABLE) entries.push_back(pool.entry_of(literals[i]));
    return entries;
}

/// A rule that says nothing to people gives no reason.
void read_rule(const SatPool& pool, Solver& solver, Id rule, std::vector<Reason>& reasons) {
    Id from = 0, to = 0, relation = 0;
    const SolverRuleinfo kind = solver_ruleinfo(&solver, rule, &from, &to, &relation);
    const auto entry = [&](Id id) { return pool.entry_of(id); };
    switch (kind) {
        case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
            reasons.push_back(
                {.kind = Reason::Kind::missing, .from = entry(from), .relation = pool.text_of(relation)});
            return;
        case SOLVER_RULE_PKG_REQUIRES:
            reasons.push_back({.kind = Reason::Kind::needs,
                               .from = entry(from),
                               .others = positive(pool, solver, rule),
                               .relation = pool.text_of(relation)});
            return;
        case SOLVER_RULE_PKG_CONFLICTS:
            reasons.push_back({.kind = Reason::Kind::conflicts,
                               .from = entry(from),
                               .others = {entry(to)},
                               .relation = pool.text_of(relation)});
            return;
        case SOLVER_RULE_PKG_OBSOLETES:
        case SOLVER_RULE_PKG_INSTALLED_OBSOLETES:
            reasons.push_back({.kind = Reason::Kind::replaces,
                               .from = entry(from),
                               .others = {entry(to)},
                               .relation = pool.text_of(relation)});
            return;
        case SOLVER_RULE_PKG_SAME_NAME:
        case SOLVER_RULE_PKG_IMPLICIT_OBSOLETES:
            reasons.push_back({.kind = Reason::Kind::one_of, .from = entry(from), .others = {entry(to)}});
            return;
        case SOLVER_RULE_UPDATE:
        case SOLVER_RULE_FEATURE:
            reasons.push_back({.kind = Reason::Kind::stays, .from = entry(from)});
            return;
        default:
            if (const int job = solver_rule2jobidx(&solver, rule); job > 0)
                reasons.push_back(
                    {.kind = Reason::Kind::asked, .wish = static_cast<std::size_t>(job - 1) / 2});
    }
}

std::vector<Concession> read_way_out(const SatPool& pool, Solver& solver, Id problem, Id solution) {
    std::vector<Concession> way;
    Id element = 0, p = 0, other = 0;
    while ((element = solver_next_solutionelement(&solver, problem, solution, element, &p, &other)) != 0) {
        if (p == SOLVER_SOLUTION_JOB)
            way.push_back({Concession::Kind::drop_wish, static_cast<std::size_t>(other - 1) / 2, 0, 0});
        else if (p > 0 && other > 0)
            way.push_back({Concession::Kind::exchange, 0, pool.entry_of(p), pool.entry_of(other)});
        else if (p > 0)
            way.push_back({Concession::Kind::remove, 0, pool.entry_of(p), 0});
    }
    return way;
}

void read_problems(const SatPool& pool, Solver& solver, Answer& answer) {
    const Id count = static_cast<Id>(std::min(solver_problem_count(&solver), problem_limit));
    for (Id problem = 1; problem <= count; ++problem) {
        IdQueue rules;
        solver_findallproblemrules(&solver, problem, rules.get());
        for (int i = 0; i < rules.size(); ++i) read_rule(pool, solver, rules[i], answer.reasons);
    }
    // What would mend the first problem is of use only when there is no other.
    if (solver_problem_count(&solver) != 1) return;
    for (unsigned i = 1; i <= solver_solution_count(&solver, 1); ++i)
        answer.ways_out.push_back(read_way_out(pool, solver, 1, static_cast<Id>(i)));
}

}  // namespace

Answer ask(const SatPool& pool, std::span<const Wish> wishes) {
    const std::unique_ptr<Solver, FreeSolver> solver(solver_create(pool.get()));
    solver_set_flag(solver.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
    IdQueue jobs;
    for (const Wish& wish : wishes) push(jobs, pool, wish);
    Answer answer{.is_solved = solver_solve(solver.get(), jobs.get()) == 0};
    if (answer.is_solved)
        read_solution(pool, *solver, answer);
    else
        read_problems(pool, *solver, answer);
    return answer;
}

}  // namespace cairn::solve
