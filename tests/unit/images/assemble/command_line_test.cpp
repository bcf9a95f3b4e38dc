#include "images/assemble/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::assemble {
namespace {

const crypto::Hash hash =
    crypto::parse_hash("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

TEST(CommandLine, BeginsWithTheRootHash) {
    EXPECT_EQ(make_command_line(hash, layout::Architecture::x86_64, {"quiet"}),
              "roothash=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff gpt console=tty0 "
              "console=ttyS0,115200 panic=10 oops=panic lockdown=integrity quiet");
    EXPECT_THAT(make_command_line(hash, layout::Architecture::aarch64, {}),
                testing::HasSubstr("console=ttyAMA0,115200 panic"));
}

TEST(CommandLine, SecondRootHashIsRefused) {
    for (const char* argument :
         {"roothash=00", "roothash", "init=/bin/sh", "rdinit=/x", "root=/dev/sda", "two words", "", "a\nb"})
        EXPECT_THROW(make_command_line(hash, layout::Architecture::x86_64, {argument}), UsageError)
            << argument;
}

}  // namespace
}  // namespace cairn::assemble
