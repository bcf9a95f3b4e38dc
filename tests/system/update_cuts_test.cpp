#include <algorithm>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <print>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "tests/system/device_steps.h"
#include "tests/system/recorded_update.h"
#include "tests/system/update_judge.h"

/// Power cuts in the middle of an update.
namespace cairn::system_test {
namespace {

using testing::HasSubstr;

/// So many are booted; as many differ in what the loader sees.
constexpr std::size_t booted_states = 40;

/// Recorded once for all tests of this program.
const RecordedUpdate& recorded() {
    static const RecordedUpdate update;
    return update;
}

/// A moment at which what the loader sees became something that it had not been before.
struct CutState {
    std::size_t events = 0;
    std::uint64_t torn_bytes = 0;  // so much of the next one, too
    DiskLook look;
};

struct Judgement {
    std::vector<CutState> states;
    std::vector<std::string> problems;
    std::size_t mended = 0;
    bool ends_as_recorded = false;
};

Judgement judge_every_prefix() {
    UpdateJudge judge(recorded());
    Judgement judgement;
    std::set<std::string> seen;
    const auto take = [&](std::uint64_t torn_bytes) {
        if (seen.insert(judge.look().key()).second)
            judgement.states.push_back({judge.done(), torn_bytes, judge.look()});
    };
    do {
        take(0);
        for (unsigned eighths = 1; eighths < 8; ++eighths)
            if (const std::uint64_t torn_bytes = judge.tear(eighths); torn_bytes > 0) take(torn_bytes);
    } while (judge.step());
    judgement.problems = judge.problems();
    judgement.mended = judge.repairs();
    judgement.ends_as_recorded =
        run_command({.arguments = {"cmp", judge.disk(), recorded().last_disk()}}).status == 0;
    return judgement;
}

const Judgement& judged() {
    static const Judgement judgement = judge_every_prefix();
    return judgement;
}

/// At most `most` of them, evenly spread.
std::vector<std::size_t> spread(const std::vector<std::size_t>& all, std::size_t most) {
    if (all.size() <= most) return all;
    std::vector<std::size_t> chosen;
    for (std::size_t number = 0; number < most; ++number) chosen.push_back(all[number * all.size() / most]);
    return chosen;
}

/// Those in which the loader's list has just changed, and others between them.
std::vector<CutState> choose_states(const std::vector<CutState>& all, std::size_t most) {
    std::vector<std::size_t> changes;
    std::vector<std::size_t> others;
    for (std::size_t index = 0; index < all.size(); ++index)
        (index == 0 || all[index].look.listing != all[index - 1].look.listing ? changes : others)
            .push_back(index);
    std::vector<std::size_t> chosen = spread(changes, most);
    std::ranges::copy(spread(others, most - chosen.size()), std::back_inserter(chosen));
    std::ranges::sort(chosen);
    std::vector<CutState> states;
    for (const std::size_t index : chosen) states.push_back(all[index]);
    return states;
}

void install_second_version(RunningMachine& machine) {
    machine.run("cairnctl update --yes");
    reboot(machine);
    wait_for_version(machine, "2.0");
    wait_until_good(machine);
}

void expect_ends_in_second_version(const CutState& state) {
    SCOPED_TRACE(std::format("power cut after {} of {} events and {} bytes; the loader starts {} out of\n{}",
                             state.events, recorded().recording().events().size(), state.torn_bytes,
                             state.look.starts, state.look.listing));
    const MachineFolder folder = recorded().make_folder(state.events, state.torn_bytes);
    RunningMachine machine = RecordedUpdate::start(folder);
    wait_for_version(machine, state.look.starts);
    wait_until_good(machine);
    if (state.look.starts != "2.0") install_second_version(machine);
    EXPECT_EQ(read_json_of(machine, "cairnctl os --json").at("slot"), "b");
    const Json status = read_updates(machine);
    EXPECT_EQ(status.at("update_state"), "Idle");
    EXPECT_EQ(status.at("denied").size(), 0U);
    EXPECT_EQ(machine.run("cat /var/lib/test-of-data; hostname"), "kept\nkept\n");
    switch_off(machine);
}

TEST(UpdateCuts, WhatIsDoneAgainIsWhatTheMachineLeft) {
    EXPECT_GE(recorded().recording().starts().size(), 2U) << "firmware and loader are not in it";
    EXPECT_TRUE(judged().ends_as_recorded);
}

TEST(UpdateCuts, EveryPrefixKeepsTheRulesOfSlotsAndBootFiles) {
    for (const std::string& problem : judged().problems) ADD_FAILURE() << problem;
    std::set<std::string> listings;
    for (const CutState& state : judged().states) listings.insert(state.look.listing);
    const auto& events = recorded().recording().events();
    const auto count = [&](DiskEvent::Kind kind) {
        return std::ranges::count(events, kind, &DiskEvent::kind);
    };
    std::println("{} events: {} writes, {} discards, {} flushes; every prefix judged, torn in the ESP too",
                 events.size(), count(DiskEvent::Kind::write), count(DiskEvent::Kind::discard),
                 count(DiskEvent::Kind::flush));
    std::println("{} states that differ for firmware and loader, {} lists of boot files, {} ESPs mended",
                 judged().states.size(), listings.size(), judged().mended);
    EXPECT_GE(judged().states.size(), booted_states);
    // 1.0 alone; 2.0 on trial; counted; beside its good copy; good.
    EXPECT_GE(listings.size(), 5U);
}

/// The largest write to a partition.
std::size_t find_large_write(layout::Part part) {
    const auto& place = recorded().disk_layout().at(part);
    const auto& events = recorded().recording().events();
    std::size_t found = events.size();
    for (std::size_t index = 0; index < events.size(); ++index) {
        const DiskEvent& event = events[index];
        if (event.kind == DiskEvent::Kind::write && event.offset >= place.offset &&
            event.offset < place.offset + place.size &&
            (found == events.size() || event.length > events[found].length))
            found = index;
    }
    return found;
}

/// What the judge says when one write never reached the disk.
std::string judge_without(std::size_t lost) {
    UpdateJudge judge(recorded());
    while (judge.problems().empty() &&
           judge.step(judge.done() == lost ? UpdateJudge::Fate::lost : UpdateJudge::Fate::done)) {
    }
    return judge.problems().empty() ? "" : judge.problems().front();
}

TEST(UpdateCuts, TheJudgeSeesWhatALostWriteBreaks) {
    EXPECT_THAT(judge_without(find_large_write(layout::Part::esp)), HasSubstr("no whole boot file"));
    EXPECT_THAT(judge_without(find_large_write(layout::Part::root_b)), HasSubstr("whole in no slot"));
}

TEST(UpdateCuts, ThreeOfTheStatesEndInTheNewVersion) {
    for (const CutState& state : choose_states(judged().states, 3)) expect_ends_in_second_version(state);
}

/// One test for each state, so that gtest can spread them over processes.
class UpdateCutsLong : public testing::TestWithParam<std::size_t> {};

TEST_P(UpdateCutsLong, AStateEndsInTheNewVersion) {
    const auto states = choose_states(judged().states, booted_states);
    ASSERT_LT(GetParam(), states.size());
    expect_ends_in_second_version(states[GetParam()]);
    const CutState& state = states[GetParam()];
    std::println("after {} events the loader starts {}, and it ends in 2.0", state.events, state.look.starts);
}
INSTANTIATE_TEST_SUITE_P(Of40, UpdateCutsLong, testing::Range(std::size_t{0}, booted_states));

}  // namespace
}  // namespace cairn::system_test
