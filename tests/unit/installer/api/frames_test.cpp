#include "installer/api/frames.h"

#include <sys/socket.h>

#include <cerrno>
#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

#include "installer/api/errors.h"
#include "pkg/base/error.h"

namespace cairn::api {
namespace {

struct Pair {
    FrameChannel channel;
    Fd raw;
};

Pair make_pair() {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {FrameChannel(Fd(ends[0]), "the other side"), Fd(ends[1])};
}

std::string make_head(std::uint32_t length, char type) {
    std::string head;
    for (unsigned shift = 0; shift < 32; shift += 8) head += static_cast<char>(length >> shift & 0xFF);
    return head + type;
}

/// What is received when the other side sends this and ends the connection.
Frame receive(const std::string& sent) {
    Pair pair = make_pair();
    write_all(pair.raw.get(), sent, "socket");
    pair.raw.reset();
    return pair.channel.receive();
}

TEST(Frames, CarryObjectsAndBytes) {
    EXPECT_EQ(receive(make_head(9, 'J') + "{\"a\":\"b\"}").json, Json({{"a", "b"}}));
    EXPECT_EQ(receive(make_head(3, 'D') + std::string("a\0b", 3)).bytes, std::string("a\0b", 3));
}

TEST(Frames, AreWrittenAsDocumented) {
    Pair pair = make_pair();
    pair.channel.send(Json{{"do", "state"}});
    std::string bytes(19, '?');
    ASSERT_EQ(::recv(pair.raw.get(), bytes.data(), bytes.size(), MSG_WAITALL), 19);
    EXPECT_EQ(bytes, make_head(14, 'J') + "{\"do\":\"state\"}");
}

TEST(Frames, SplitBytesThatAreTooManyForOne) {
    Pair pair = make_pair();
    const FrameChannel receiver(std::move(pair.raw), "the sender");
    const std::vector<std::uint8_t> bytes(most_frame_bytes + 1, 7);
    std::thread thread([&] { pair.channel.send_bytes(bytes); });
    EXPECT_EQ(receiver.receive().bytes.size(), most_frame_bytes);
    EXPECT_EQ(receiver.receive().bytes.size(), 1u);
    thread.join();
}

TEST(Frames, RefuseWhatIsNone) {
    EXPECT_THROW(receive(make_head(most_frame_bytes + 1, 'D')), VerifyError);  // without waiting for more
    EXPECT_THROW(receive(make_head(0xFFFFFFFF, 'J')), VerifyError);
    EXPECT_THROW(receive(make_head(0, 'D')), VerifyError);
    EXPECT_THROW(receive(make_head(2, 'X') + "{}"), VerifyError);
    EXPECT_THROW(receive(make_head(2, 'J') + "[]"), VerifyError);
    EXPECT_THROW(receive(make_head(1, 'J') + "{"), VerifyError);
    EXPECT_THROW(receive(make_head(13, 'J') + "{\"a\":1,\"a\":2}"), VerifyError);
    EXPECT_THROW(receive(make_head(5000, 'J') + std::string(5000, '[')), VerifyError);
}

TEST(Frames, TellAnEndFromAFrame) {
    EXPECT_THROW(receive(""), NetworkError);
    EXPECT_THROW(receive(make_head(9, 'J').substr(0, 3)), NetworkError);
    EXPECT_THROW(receive(make_head(9, 'J') + "{\"a\""), NetworkError);
}

TEST(Frames, GiveUpASilentSide) {
    const Pair pair = make_pair();
    const timeval wait{.tv_sec = 0, .tv_usec = 1000};
    ASSERT_EQ(::setsockopt(pair.channel.fd(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    EXPECT_THROW(pair.channel.receive(), NetworkError);
}

TEST(Frames, OutliveAReaderThatIsGone) {
    Pair pair = make_pair();
    pair.raw.reset();
    EXPECT_THROW(pair.channel.send(Json::object()), NetworkError);
}

TEST(Frames, MendTextThatIsNoUtf8) {
    Pair pair = make_pair();
    pair.channel.send(Json{{"message", "\xff"}});
    const FrameChannel other(std::move(pair.raw), "the sender");
    EXPECT_EQ(other.receive_json()["message"], "\uFFFD");
}

TEST(FrameErrors, KeepTheirClassAndAllTheirLines) {
    Conflict conflict("cannot activate");
    conflict.detail("state", "idle").hint("prepare first");
    conflict.add_context("activating");
    try {
        throw_error(error_to_json(conflict));
    } catch (const Conflict& error) {
        EXPECT_EQ(error.report(), conflict.report());
    }
    EXPECT_THROW(throw_error(error_to_json(UsageError("a"))), UsageError);
    EXPECT_THROW(throw_error(error_to_json(Busy("a"))), Busy);
    EXPECT_THROW(throw_error(error_to_json(Forbidden("a"))), Forbidden);
    EXPECT_THROW(throw_error(error_to_json(NotFound("a"))), NotFound);
    EXPECT_THROW(throw_error(error_to_json(VerifyError("a"))), VerifyError);
    EXPECT_THROW(throw_error(error_to_json(NetworkError("a"))), NetworkError);
    EXPECT_THROW(throw_error(error_to_json(std::bad_alloc())), Error);
}

TEST(FrameErrors, KeepTheNumberOfASystemCall) {
    const SystemError full("cannot write 'x'", ENOSPC);
    try {
        throw_error(error_to_json(full));
    } catch (const SystemError& error) {
        EXPECT_EQ(error.error_number(), ENOSPC);
        EXPECT_EQ(error.message(), full.message());
    }
}

TEST(FrameErrors, AreStillErrorsWhenTheyMakeNoSense) {
    EXPECT_THROW(throw_error(Json::array()), VerifyError);
    EXPECT_THROW(throw_error(Json{{"kind", "usage"}}), VerifyError);
    EXPECT_THROW(throw_error(Json{{"message", "x"}, {"kind", 5}, {"details", {1, {2}}}, {"hint", 3}}), Error);
    EXPECT_THROW(throw_error(Json{{"message", "x"}, {"kind", "system"}, {"errno", "5"}}), Error);
}

}  // namespace
}  // namespace cairn::api
