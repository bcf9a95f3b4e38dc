#include "installer/api/helper_link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <future>
#include <gtest/gtest.h>

#include "installer/api/errors.h"
#include "installer/api/frames.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::api {
namespace {

/// A socket that answers one connection as `serve` says, in a thread of its own.
class HelperLinkTest : public testing::Test {
  protected:
    void start(std::function<void(const FrameChannel&)> serve) {
        listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{.sun_family = AF_UNIX};
        std::strcpy(address.sun_path, path().c_str());
        CHECK(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        CHECK(::listen(listener_.get(), 1) == 0);
        served_ = std::async(std::launch::async, [this, serve = std::move(serve)] {
            const FrameChannel channel(Fd(::accept(listener_.get(), nullptr, nullptr)), "the client");
            serve(channel);
        });
    }
    void finish() { served_.get(); }  // throws what the serving side threw
    std::filesystem::path path() const { return folder_.path() / "helper.sock"; }

    TemporaryDirectory folder_;
    Fd listener_;
    std::future<void> served_;
};

/// Gives a fixed file by ranges, and records what was asked for.
class OneFile final : public net::Transport {
  public:
    explicit OneFile(std::string content) : content_(std::move(content)) {}
    net::Outcome get(const net::Request& request, const net::Sink& sink) override {
        asked = request;
        if (request.offset >= content_.size()) return net::Outcome::out_of_range;
        const std::string part = content_.substr(request.offset, request.length.value_or(content_.size()));
        sink(std::span(reinterpret_cast<const std::uint8_t*>(part.data()), part.size()));
        return net::Outcome::complete;
    }
    net::Request asked;

  private:
    std::string content_;
};

Json make_fetch(const std::string& path, const Json& length) {
    return {{"fetch", {{"path", path}, {"offset", 2}, {"length", length}, {"ranges", "required"}}}};
}

TEST_F(HelperLinkTest, SendsVerbAndArgumentsAndGivesTheResult) {
    start([](const FrameChannel& channel) {
        EXPECT_EQ(channel.receive_json(), Json({{"do", "prepare"}, {"version", "2.0"}}));
        channel.send(Json{{"progress", {{"step", "blocks"}, {"done", 1}, {"total", 4}}}});
        channel.send(Json{{"result", {{"blocks_kept", 3}}}});
    });
    HelperProgress seen;
    EXPECT_EQ(SocketHelperLink(path()).call("prepare", {{"version", "2.0"}}, nullptr,
                                            [&](const HelperProgress& progress) { seen = progress; }),
              Json({{"blocks_kept", 3}}));
    EXPECT_EQ(seen.step, "blocks");
    EXPECT_EQ(seen.total, 4u);
    finish();
}

TEST_F(HelperLinkTest, ThrowsTheHelpersErrors) {
    start([](const FrameChannel& channel) {
        channel.receive_json();
        channel.send(Json{{"error", error_to_json(Busy("an update is under way"))}});
    });
    EXPECT_THROW(SocketHelperLink(path()).call("activate", {}), Busy);
    finish();
}

TEST_F(HelperLinkTest, ServesBytes) {
    start([](const FrameChannel& channel) {
        channel.receive_json();
        channel.send(make_fetch("payload/x.tree", 3));
        EXPECT_EQ(channel.receive().bytes, "cde");
        EXPECT_EQ(channel.receive_json(), Json({{"fetched", "complete"}}));
        channel.send(make_fetch("payload/x.tree", nullptr));
        EXPECT_EQ(channel.receive().bytes, "cdefgh");
        channel.receive_json();
        channel.send(Json{{"result", Json::object()}});
    });
    OneFile file("abcdefgh");
    SocketHelperLink(path()).call("prepare", {}, &file);
    EXPECT_EQ(file.asked.url, "payload/x.tree");
    EXPECT_EQ(file.asked.ranges, net::Ranges::required);
    finish();
}

TEST_F(HelperLinkTest, TellsTheHelperWhyBytesCannotBeHad) {
    start([](const FrameChannel& channel) {
        channel.receive_json();
        channel.send(make_fetch("payload/x.tree", 3));
        EXPECT_EQ(channel.receive_json(), Json({{"fetched", "out_of_range"}}));
        channel.send(make_fetch("../etc/shadow", 3));
        EXPECT_EQ(channel.receive_json()["failed"]["kind"], "verify");
        channel.send(Json{{"result", Json::object()}});
    });
    OneFile file("a");
    SocketHelperLink(path()).call("prepare", {}, &file);
    finish();
}

TEST_F(HelperLinkTest, HearsTheHelperOutThatStopsInTheMiddle) {
    start([](const FrameChannel& channel) {
        channel.receive_json();
        channel.send(make_fetch("payload/x.frames", nullptr));
        channel.receive();
        channel.send(Json{{"error", error_to_json(VerifyError("wrong block"))}});
    });
    OneFile file(std::string(16 * most_frame_bytes, 'a'));
    EXPECT_THROW(SocketHelperLink(path()).call("prepare", {}, &file), VerifyError);
    finish();
}

TEST_F(HelperLinkTest, RefusesAnswersThatMakeNoSense) {
    for (const Json& answer : {Json({{"answer", 1}}), Json({{"progress", 1}}), Json({{"error", "no"}})}) {
        std::filesystem::remove(path());
        start([&](const FrameChannel& channel) {
            channel.receive_json();
            channel.send(answer);
        });
        const auto ignore = [](const HelperProgress&) {};
        EXPECT_THROW(SocketHelperLink(path()).call("state", {}, nullptr, ignore), VerifyError) << answer;
        finish();
    }
}

TEST_F(HelperLinkTest, SaysThatNobodyIsThere) {
    EXPECT_THROW(SocketHelperLink(path()).call("state", {}), NetworkError);
    start([](const FrameChannel& channel) { channel.receive_json(); });
    EXPECT_THROW(SocketHelperLink(path()).call("state", {}), NetworkError);
    finish();
}

}  // namespace
}  // namespace cairn::api
