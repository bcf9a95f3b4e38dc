#include "installer/daemon/request_head.h"

#include <gtest/gtest.h>
#include <string>

namespace cairn::daemon {
namespace {

using State = HeadScan::State;

TEST(RequestHead, IsWholeWithItsEmptyLineAndPartialAtEveryByteBefore) {
    const std::string head = "PATCH /settings?tx=a HTTP/1.1\r\nHost: device\r\nX-Empty:\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size)
        EXPECT_EQ(scan_head(head.substr(0, size)).state, State::partial) << size;
    const HeadScan scan = scan_head(head + "the body\x01");
    EXPECT_EQ(scan.state, State::whole);
    EXPECT_EQ(scan.size, head.size());
}

TEST(RequestHead, WhatCouldBeReadInTwoWaysIsMalformed) {
    for (const std::string head :
         {"GET /a b HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n", "GET http://device/ HTTP/1.1\r\n",
          "G\x01T / HTTP/1.1\r\n", " GET / HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\n", "GET /\r\n",
          "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost : a\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "GET / HTTP/1.1\r\nHost\r\n", "GET / HTTP/1.1\r\n: a\r\n",
          "GET / HTTP/1.1\r\nA: b\rC: d\r\n", "GET /\xc3\xa4 HTTP/1.1\r\n"})
        EXPECT_EQ(scan_head(head).state, State::malformed) << head;
    EXPECT_EQ(scan_head(std::string("GET /\0", 6)).state, State::malformed);
}

TEST(RequestHead, HasAtMostAHundredHeaders) {
    std::string head = "GET / HTTP/1.1\r\n";
    for (int number = 0; number < 100; ++number) head += "a:\r\n";
    EXPECT_EQ(scan_head(head + "\r\n").state, State::whole);
    EXPECT_EQ(scan_head(head + "a:\r\n").state, State::malformed);
}

}  // namespace
}  // namespace cairn::daemon
