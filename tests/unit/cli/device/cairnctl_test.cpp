#include <atomic>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>

#include "cli/device/known_devices.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "tests/support/api_server.h"

/// The real program against a real server: what text cases cannot show, TLS and signals.
namespace cairn::device {
namespace {

using support::ApiRequest;
using support::ApiServer;
using support::http_answer;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class Cairnctl : public testing::Test {
  protected:
    Command command(std::vector<std::string> words, const std::string& input = "") const {
        words.insert(words.begin(), CAIRNCTL);
        return {.arguments = words,
                .environment = {"XDG_CONFIG_HOME=" + directory_.path().string()},
                .input = input};
    }
    CommandResult run(const std::vector<std::string>& words, const std::string& input = "") const {
        return run_command(command(words, input));
    }
    std::string own_fingerprint() const {
        return crypto::key_fingerprint(read_file(directory_.path() / "cairn" / "devices" / "client.pem"))
            .to_hex();
    }

    TemporaryDirectory directory_;
};

/// A device that admits the clients in `admitted`.
class Paired : public Cairnctl {
  protected:
    ApiServer::Handler handler() {
        return [this](const ApiRequest& request, const ApiServer::Send& send) {
            const std::lock_guard lock(mutex_);
            if (request.client.empty() || request.client != admitted_)
                send(http_answer(401, "application/json", R"({"error": {"message": "unknown client"}})"));
            else
                send(http_answer(200, "application/json", R"({"name": "base", "version": "1.1.0"})"));
        };
    }
    void admit(const std::string& client) {
        const std::lock_guard lock(mutex_);
        admitted_ = client;
    }
    static std::string address(const ApiServer& server) { return std::format("127.0.0.1:{}", server.port()); }

    std::mutex mutex_;
    std::string admitted_ = "nobody";
    crypto::TlsIdentity device_ = crypto::make_tls_identity("device");
    std::string fingerprint_ = crypto::key_fingerprint(device_.certificate_pem).to_hex();
};

TEST_F(Paired, TypingYesPairsAndTheCommandShownAdmitsThisMachine) {
    const ApiServer server(device_, handler());
    const CommandResult paired =
        run({"pair", address(server), "--role", "admin", "--name", "laptop"}, "yes\n");
    EXPECT_EQ(paired.status, 0) << paired.error;
    EXPECT_THAT(paired.output, HasSubstr(group_by_four(fingerprint_)));
    EXPECT_THAT(paired.output,
                HasSubstr(std::format("cairnctl settings set --apply 'api.clients+={{\"name\":\"laptop\","
                                      "\"role\":\"admin\",\"spki_sha256\":\"{}\"}}'",
                                      own_fingerprint())));
    const CommandResult refused = run({"os", "--host", address(server)});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.error, HasSubstr("unknown client"));
    EXPECT_THAT(refused.error, HasSubstr("cairnctl pair"));
    admit(own_fingerprint());
    const CommandResult shown = run({"os", "--host", address(server)});
    EXPECT_EQ(shown.status, 0) << shown.error;
    EXPECT_THAT(shown.output, HasSubstr("base 1.1.0"));
}

TEST_F(Paired, EveryOtherAnswerPairsNothing) {
    const ApiServer server(device_, handler());
    for (const char* answer : {"no\n", "y\n", ""}) {
        EXPECT_NE(run({"pair", address(server)}, answer).status, 0) << answer;
        EXPECT_NE(run({"os", "--host", address(server)}).status, 0) << answer;
    }
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(Paired, AWrongFingerprintPairsNothingAndShowsBoth) {
    const ApiServer server(device_, handler());
    const std::string wrong(64, '0');
    const CommandResult result = run({"pair", address(server), "--fingerprint", wrong});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.error, HasSubstr(wrong));
    EXPECT_THAT(result.error, HasSubstr(fingerprint_));
    EXPECT_THAT(server.requests(), IsEmpty());
    EXPECT_EQ(run({"os", "--host", address(server)}).status, 2);
}

// A device whose key has changed since gets neither a request nor our certificate's use.
TEST_F(Paired, ADeviceWithAnotherKeyThanBeforeIsRefused) {
    const ApiServer server(device_, handler());
    const KnownDevices known(directory_.path() / "cairn" / "devices");
    known.ensure_identity("laptop");
    known.remember({.host = "127.0.0.1", .port = server.port(), .fingerprint = std::string(64, '1')});
    const CommandResult result = run({"os", "--host", address(server)});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.error, HasSubstr("found:    " + fingerprint_));
    EXPECT_THAT(result.error, HasSubstr("pair again"));
    EXPECT_THAT(server.requests(), IsEmpty());
}

// Ctrl-C ends the waiting, not the update, and says so.
TEST_F(Cairnctl, InterruptedUpdateGoesOnOnTheDevice) {
    const std::filesystem::path socket = directory_.path() / "s";
    std::atomic<bool> is_followed = false;
    const ApiServer server(socket, [&](const ApiRequest& request, const ApiServer::Send& send) {
        if (request.path != "/events")
            return (void)send(http_answer(200, "application/json",
                                          R"({"progress": {"step": "fetch", "done": 1, "total": 9}})"));
        send("HTTP/1.1 200 x\r\nContent-Type: text/event-stream\r\n\r\n");
        is_followed = true;
        is_followed.notify_all();
        while (send(": still here\n")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    });
    Command words = command({"--socket", socket.string(), "update", "prepare"});
    words.output = directory_.path() / "output";
    Child child = Child::start(words);
    is_followed.wait(false);
    child.send_signal(SIGINT);
    EXPECT_EQ(child.wait(), 130);
    EXPECT_THAT(read_file(directory_.path() / "output"),
                HasSubstr("the device goes on preparing the update"));
    EXPECT_THAT(server.requests(), Contains("POST /actions/prepare-update {}"));
}

}  // namespace
}  // namespace cairn::device
