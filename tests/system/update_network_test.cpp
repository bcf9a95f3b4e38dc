#include <algorithm>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "tests/system/device_steps.h"
#include "tests/system/maker.h"

/// A machine whose repository lies, is slow, or is gone in the middle of an update.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using support::ServedFile;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;

/// One machine for all of them, in their order: it runs 1.0, and 2.0 has 27 MB that it has nowhere.
class UpdateNetworkLong : public testing::Test {
  protected:
    using Reason = testing::Matcher<std::string>;
    struct Device {
        Maker maker{Architecture::x86_64};
        MachineFolder folder =
            MachineFolder::from_folder(maker.build("1.0"), Architecture::x86_64, disk_size);
        std::string old_timestamp;  // of the repository without 2.0
        std::optional<RunningMachine> machine;
    };

    static void SetUpTestSuite() {
        device_ = std::make_unique<Device>();
        device_->old_timestamp = read_file(timestamp_file());
        maker().publish(maker().build("2.0", "add_packages = [\"test-ballast\"]\n"));
        device_->machine.emplace(device_->folder.make_machine(), device_->folder.path());
        wait_for_version(machine(), "1.0");
        wait_until_good(machine());
        machine().run(
            std::format("cairnctl settings set --apply updates.check_minutes=0 updates.repository={}",
                        maker().address()));
    }
    static void TearDownTestSuite() { device_.reset(); }
    void SetUp() override {
        maker().serve();
        maker().server().mend();
    }

    static Maker& maker() { return device_->maker; }
    static RunningMachine& machine() { return *device_->machine; }
    static fs::path timestamp_file() { return maker().repository() / "metadata/timestamp.json"; }

    /// The one file of the payload with this ending that 2.0 has.
    static fs::path payload_file(const std::string& ending) {
        for (const auto& entry : fs::directory_iterator(maker().repository() / "targets/payload"))
            if (entry.path().string().ends_with(ending)) return entry.path();
        throw Error(std::format("there is no payload '*{}'", ending));
    }
    static std::string address_of(const fs::path& file) {
        return "/" + file.lexically_relative(maker().repository()).string();
    }
    static void serve(const fs::path& file, ServedFile as) {
        if (as.content.empty()) as.content = read_file(file);
        maker().server().serve(address_of(file), std::move(as));
    }

    /// Fails with this reason, in the command's words and in the status, and changes nothing.
    static void expect_refused(const std::string& command, const std::string& name, const Reason& why) {
        EXPECT_THAT(expect_failure(machine(), command), why);
        const Json updates = read_updates(machine());
        const Json last = updates.at("most_recent_command");
        EXPECT_EQ(last.at("command"), name);
        EXPECT_EQ(last.at("outcome"), "failed");
        EXPECT_THAT(last.at("message").get<std::string>(), why);
        EXPECT_THAT(updates.at("story").back().get<std::string>(), why);
        EXPECT_THAT(updates.at("update_state").get<std::string>(), testing::AnyOf("Idle", "Available"));
    }
    static void expect_refresh_refused(const Reason& why) {
        expect_refused("cairnctl update check", "refresh", why);
        EXPECT_THAT(expect_failure(machine(), "cairnctl update --yes"), why);
    }
    static void expect_prepare_refused(const Reason& why) {
        expect_refused("cairnctl update prepare", "prepare", why);
    }

    /// As a device that never prepared anything: what a slot holds is not fetched again.
    static void empty_idle_slot() {
        ASSERT_EQ(read_json_of(machine(), "cairnctl os --json").at("slot"), "a");
        for (const char* part : {"/dev/vda4", "/dev/vda5"})
            machine().run(std::format("dd if=/dev/zero of={} bs=1M conv=fsync 2>&1; true", part));
    }

    static inline std::unique_ptr<Device> device_;
};

TEST_F(UpdateNetworkLong, MetadataWithAWrongSignatureIsRefused) {
    Json timestamp = read_json(timestamp_file());
    std::string signature = timestamp.at("signatures").at(0).at("sig").get<std::string>();
    signature[10] = signature[10] == '0' ? '1' : '0';
    timestamp["signatures"][0]["sig"] = signature;
    serve(timestamp_file(), {.content = timestamp.dump()});
    expect_refresh_refused(HasSubstr("0 of its keys signed it"));
}

TEST_F(UpdateNetworkLong, MetadataThatHasExpiredIsRefused) {
    machine().run("date -u +%s > /tmp/now && date -u -s '2027-06-01 12:00:00'");
    expect_refresh_refused(HasSubstr("it expired on"));
    machine().run("date -u -s @$(cat /tmp/now)");
    EXPECT_THAT(machine().run("cairnctl update check"), HasSubstr("2.0"));
}

TEST_F(UpdateNetworkLong, MetadataOlderThanWhatIsKnownIsRefused) {
    machine().run("cairnctl update check");
    serve(timestamp_file(), {.content = device_->old_timestamp});
    expect_refresh_refused(HasSubstr("it is older than what is known already"));
}

TEST_F(UpdateNetworkLong, AServerThatIsGoneIsSaid) {
    maker().server().die_after(0);
    expect_refresh_refused(HasSubstr("cannot fetch"));
}

TEST_F(UpdateNetworkLong, AServerThatTricklesIsGivenUpOnAndTwoUpdatesAtOnceAreRefused) {
    serve(payload_file(".frames.idx"), {.bytes_per_second = 20});
    const double start = read_uptime(machine());
    machine().run("(cairnctl update prepare > /tmp/first 2>&1; echo $? > /tmp/first.status) & true");
    machine().run_until_it_succeeds("cairnctl raw GET /updates/status | grep -q '\"progress\":{'");
    const std::string second = expect_failure(machine(), "cairnctl raw POST /actions/prepare-update '{}'");
    EXPECT_THAT(second, HasSubstr("423"));
    EXPECT_THAT(second, HasSubstr("'prepare' is under way"));
    EXPECT_THAT(expect_failure(machine(), "cairnctl update refresh"), HasSubstr("'prepare' is under way"));
    EXPECT_THAT(expect_failure(machine(), "cairnctl update activate"), HasSubstr("is under way"));

    machine().run_until_it_succeeds("grep -q 1 /tmp/first.status");
    EXPECT_LT(read_uptime(machine()) - start, 240);
    EXPECT_THAT(machine().run("cat /tmp/first"), HasSubstr("after 4 attempts"));
    const Json last = read_updates(machine()).at("most_recent_command");
    EXPECT_EQ(last.at("outcome"), "failed");
    EXPECT_THAT(last.at("message").get<std::string>(), HasSubstr("too slow"));
}

TEST_F(UpdateNetworkLong, APayloadThatWasChangedIsRefused) {
    const std::pair<const char*, Reason> lies[] = {
        {".tree", HasSubstr("is not the tree of the root")},
        {".frames.idx", HasSubstr("is not the index that image.json names")},
        {".frames", testing::AnyOf(HasSubstr("cannot unpack"), HasSubstr("is not what the root hash says"))}};
    for (const auto& [ending, why] : lies) {
        SCOPED_TRACE(ending);
        empty_idle_slot();
        std::string content = read_file(payload_file(ending));
        for (std::size_t at = 40; at < content.size(); at += 500)
            content[at] = static_cast<char>(content[at] ^ 1);
        serve(payload_file(ending), {.content = content});
        expect_prepare_refused(why);
        maker().serve();
    }
}

/// Bytes of the largest part of the frames that was asked for since `first`, a number of a request.
std::uint64_t find_largest_part(const std::vector<std::string>& requests, std::size_t first) {
    std::uint64_t largest = 0;
    for (std::size_t index = first; index < requests.size(); ++index) {
        const std::size_t range = requests[index].find(".frames bytes=");
        if (range == std::string::npos) continue;
        const std::vector<std::string> ends = split(requests[index].substr(range + 14), '-');
        largest = std::max<std::uint64_t>(largest, std::stoull(ends.at(1)) - std::stoull(ends.at(0)) + 1);
    }
    return largest;
}

TEST_F(UpdateNetworkLong, AnUpdateWhoseNetworkDiesGoesOnWhereItWas) {
    constexpr std::uint64_t lifetime = 1'000'000;  // bytes; 2.0 takes twice as many
    empty_idle_slot();
    support::HttpServer& server = maker().server();
    const std::size_t asked_before = server.requests().size();
    const std::uint64_t sent_before = server.bytes_sent();
    server.die_after(lifetime);
    expect_prepare_refused(HasSubstr("cannot fetch"));
    const std::uint64_t first = server.bytes_sent() - sent_before;
    EXPECT_EQ(read_updates(machine()).at("other"), nullptr) << "half a version is none";

    const std::size_t asked_first = server.requests().size();
    server.mend();
    machine().run("cairnctl update prepare");
    const std::uint64_t second = server.bytes_sent() - sent_before - first;
    const std::uint64_t wanted = find_largest_part(server.requests(), asked_before);
    const std::uint64_t left = find_largest_part(server.requests(), asked_first);
    std::println(
        "download: {} bytes until the network died, {} to go on; {} of the frames were asked for, then {}",
        first, second, wanted, left);
    EXPECT_LT(left, wanted - lifetime / 2);
    const Json updates = read_updates(machine());
    EXPECT_EQ(updates.at("update_state"), "Staged");
    EXPECT_EQ(updates.at("staged").at("version"), "2.0");
}

}  // namespace
}  // namespace cairn::system_test
