#include "pkg/net/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/support/http_server.h"

namespace cairn::net {
namespace {

using support::HttpServer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string numbered_bytes(std::size_t size) {
    std::string text;
    while (text.size() < size) text += std::to_string(text.size()) + " ";
    text.resize(size);
    return text;
}

CurlOptions quick() {
    return {.connect_timeout = std::chrono::seconds(2),
            .low_speed_time = std::chrono::seconds(1),
            .attempts = 3,
            .first_delay = std::chrono::milliseconds(1)};
}

struct Received {
    Outcome outcome;
    std::string text;
};

class CurlTransportTest : public testing::Test {
  protected:
    Received get(Request request) {
        request.proxy = "";
        Received received{};
        received.outcome = transport_.get(request, [&](std::span<const std::uint8_t> bytes) {
            received.text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
        return received;
    }

    std::string failure(const Request& request) {
        try {
            get(request);
        } catch (const NetworkError& error) {
            return error.message();
        }
        return "no NetworkError";
    }

    HttpServer server_;
    CurlTransport transport_{quick()};
};

TEST_F(CurlTransportTest, GivesWholeFile) {
    const std::string content = numbered_bytes(3'000'000);
    server_.serve("/file", content);
    const Received received = get({.url = server_.address("/file")});
    EXPECT_EQ(received.outcome, Outcome::complete);
    EXPECT_EQ(received.text, content);
    EXPECT_THAT(server_.requests(), ElementsAre("GET /file"));
}

TEST_F(CurlTransportTest, GivesEmptyFile) {
    server_.serve("/file", "");
    const Received received = get({.url = server_.address("/file")});
    EXPECT_EQ(received.outcome, Outcome::complete);
    EXPECT_EQ(received.text, "");
}

TEST_F(CurlTransportTest, ReadsNothingOfAServerWithoutRangesWhenTheyAreRequired) {
    server_.serve("/plain", {.content = numbered_bytes(1000), .has_ranges = false});
    server_.serve("/file", numbered_bytes(1000));
    for (const std::uint64_t offset : {0, 10}) {
        Request request{.offset = offset, .length = 100, .ranges = Ranges::required};
        request.url = server_.address("/plain");
        const Received plain = get(request);
        EXPECT_EQ(plain.outcome, Outcome::no_ranges);
        EXPECT_EQ(plain.text, "");
        request.url = server_.address("/file");
        const Received ranged = get(request);
        EXPECT_EQ(ranged.outcome, Outcome::complete);
        EXPECT_EQ(ranged.text, numbered_bytes(1000).substr(offset, 100));
    }
}

TEST_F(CurlTransportTest, SaysThatFileIsNotThere) {
    const Received received = get({.url = server_.address("/missing")});
    EXPECT_EQ(received.outcome, Outcome::not_found);
    EXPECT_EQ(received.text, "") << "the words of the error page are not the file";
}

TEST_F(CurlTransportTest, GivesRange) {
    server_.serve("/file", "0123456789");
    EXPECT_EQ(get({.url = server_.address("/file"), .offset = 3, .length = 4}).text, "3456");
    EXPECT_EQ(get({.url = server_.address("/file"), .offset = 7}).text, "789");
    EXPECT_THAT(server_.requests(), ElementsAre("GET /file bytes=3-6", "GET /file bytes=7-"));
}

TEST_F(CurlTransportTest, GivesRangeFromServerThatKnowsNone) {
    server_.serve("/file", {.content = "0123456789", .has_ranges = false});
    EXPECT_EQ(get({.url = server_.address("/file"), .offset = 3, .length = 4}).text, "3456");
    EXPECT_EQ(get({.url = server_.address("/file"), .offset = 7}).text, "789");
}

TEST_F(CurlTransportTest, SaysThatRangeIsBehindEnd) {
    server_.serve("/file", "0123456789");
    server_.serve("/plain", {.content = "0123456789", .has_ranges = false});
    EXPECT_EQ(get({.url = server_.address("/file"), .offset = 10}).outcome, Outcome::out_of_range);
    EXPECT_EQ(get({.url = server_.address("/plain"), .offset = 10}).outcome, Outcome::out_of_range);
}

TEST_F(CurlTransportTest, RefusesRangeThatIsCutShort) {
    server_.serve("/file", "0123456789");
    EXPECT_THAT(failure({.url = server_.address("/file"), .offset = 8, .length = 4}),
                HasSubstr("ends before byte 12"));
}

TEST_F(CurlTransportTest, GoesOnWhereConnectionBroke) {
    const std::string content = numbered_bytes(1'000'000);
    server_.serve("/file", {.content = content, .etag = "\"1\"", .cuts = 2, .cut_after = 300'000});
    EXPECT_EQ(get({.url = server_.address("/file")}).text, content);
    EXPECT_THAT(server_.requests(),
                ElementsAre("GET /file", "GET /file bytes=300000-", "GET /file bytes=600000-"));
}

TEST_F(CurlTransportTest, GoesOnWithServerThatKnowsNoRanges) {
    const std::string content = numbered_bytes(1'000'000);
    server_.serve("/file", {.content = content, .has_ranges = false, .cuts = 1, .cut_after = 300'000});
    EXPECT_EQ(get({.url = server_.address("/file")}).text, content);
}

TEST_F(CurlTransportTest, RefusesFileThatChangesMeanwhile) {
    server_.serve("/file", {.content = numbered_bytes(1000),
                            .etag = "\"1\"",
                            .cuts = 1,
                            .cut_after = 300,
                            .content_after_cut = std::string(1000, 'x')});
    EXPECT_THAT(failure({.url = server_.address("/file")}), HasSubstr("changed while it was being fetched"));
}

TEST_F(CurlTransportTest, TriesAgainWhenServerIsBusy) {
    server_.serve("/file", {.content = "content", .failures = 2});
    EXPECT_EQ(get({.url = server_.address("/file")}).text, "content");
    EXPECT_EQ(server_.requests().size(), 3u);
}

TEST_F(CurlTransportTest, GivesUpOnServerThatStaysBusy) {
    server_.serve("/file", {.content = "content", .failures = 9});
    EXPECT_THAT(failure({.url = server_.address("/file")}),
                HasSubstr("after 3 attempts: the server answered 503"));
}

TEST_F(CurlTransportTest, DoesNotRepeatWhatIsForbidden) {
    server_.serve("/file", {.content = "", .status = 403});
    EXPECT_THAT(failure({.url = server_.address("/file")}), HasSubstr("the server answered 403"));
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(CurlTransportTest, GivesUpOnServerThatSaysNothing) {
    server_.serve("/file", {.content = "content", .pause = std::chrono::milliseconds(2500)});
    CurlOptions options = quick();
    options.attempts = 1;
    CurlTransport transport(options);
    EXPECT_THROW(transport.get({.url = server_.address("/file"), .proxy = ""}, [](auto) {}), NetworkError);
}

TEST_F(CurlTransportTest, GivesUpOnServerThatTrickles) {
    server_.serve("/file", {.content = numbered_bytes(100'000), .bytes_per_second = 200});
    EXPECT_THAT(failure({.url = server_.address("/file")}), HasSubstr("after 3 attempts"));
    EXPECT_EQ(server_.requests().size(), 3u);
}

TEST_F(CurlTransportTest, GivesUpWhenTheNetworkDiesAndGoesOnWhenItIsBack) {
    const std::string content = numbered_bytes(1'000'000);
    server_.serve("/file", content);
    server_.die_after(300'000);
    EXPECT_THAT(failure({.url = server_.address("/file")}), HasSubstr("cannot fetch"));
    EXPECT_LE(server_.bytes_sent(), 300'000u);
    server_.mend();
    EXPECT_EQ(get({.url = server_.address("/file")}).text, content);
}

TEST_F(CurlTransportTest, FollowsRedirectsButNotForEver) {
    server_.serve("/moved", {.content = "", .status = 302, .location = server_.address("/file")});
    server_.serve("/file", "content");
    server_.serve("/circle", {.content = "", .status = 302, .location = server_.address("/circle")});
    EXPECT_EQ(get({.url = server_.address("/moved")}).text, "content");
    EXPECT_THAT(failure({.url = server_.address("/circle")}), HasSubstr("redirects"));
    EXPECT_EQ(server_.requests().size(), 2u + 6u);
}

TEST_F(CurlTransportTest, StaysWithHttp) {
    server_.serve("/file", {.content = "", .status = 302, .location = "file:///etc/passwd"});
    EXPECT_NE(failure({.url = server_.address("/file")}), "no NetworkError");
    EXPECT_NE(failure({.url = "file:///etc/passwd"}), "no NetworkError");
}

TEST_F(CurlTransportTest, StopsAtLimit) {
    server_.serve("/file", numbered_bytes(1'000'000));
    EXPECT_THROW(get({.url = server_.address("/file"), .limit = 999'999}), Error);
    EXPECT_EQ(get({.url = server_.address("/file"), .limit = 1'000'000}).text.size(), 1'000'000u);
}

TEST_F(CurlTransportTest, PassesOnWhatSinkThrows) {
    server_.serve("/file", "content");
    const Request request{.url = server_.address("/file"), .proxy = ""};
    EXPECT_THROW(transport_.get(request, [](auto) { throw VerifyError("no"); }), VerifyError);
}

TEST_F(CurlTransportTest, ReportsProgress) {
    server_.serve("/file", "0123456789");
    std::uint64_t last = 0;
    std::uint64_t size = 0;
    get({.url = server_.address("/file"), .offset = 4, .progress = [&](std::uint64_t done, auto whole) {
             last = done;
             size = whole.value_or(0);
         }});
    EXPECT_EQ(last, 10u);
    EXPECT_EQ(size, 10u);
}

TEST_F(CurlTransportTest, NamesTheAddressThatCannotBeReached) {
    EXPECT_THAT(failure({.url = "http://127.0.0.1:1/file"}),
                HasSubstr("cannot fetch 'http://127.0.0.1:1/file'"));
}

TEST_F(CurlTransportTest, FindsSmallTexts) {
    server_.serve("/text", "words");
    EXPECT_EQ(find_text(transport_, {.url = server_.address("/text"), .proxy = ""}, 100), "words");
    EXPECT_EQ(find_text(transport_, {.url = server_.address("/none"), .proxy = ""}, 100), std::nullopt);
    EXPECT_THROW(find_text(transport_, {.url = server_.address("/text"), .proxy = ""}, 3), Error);
}

}  // namespace
}  // namespace cairn::net
