#include <gtest/gtest.h>
#include <print>

#include "pkg/base/error.h"
#include "pkg/tuf/trusted.h"
#include "tests/unit/pkg/tuf/repository_maker.h"

namespace cairn::tuf {
namespace {

/// Every length that a file can be cut to, and every bit of it flipped. What is taken nevertheless must say
/// the same: spaces, and what is outside of the signed part, prove nothing and change nothing.
class DamagedMetadata : public testing::TestWithParam<std::string> {
  protected:
    RepositoryMaker repository_;

    std::string read(const std::string& file) const { return read_file(repository_.path() / file); }

    /// All that is believed before the role comes, and the role's file.
    std::pair<TrustedMetadata, std::string> prepare(const std::string& role) {
        repository_.has_hashes = false;  // the file itself must tell
        repository_.delegate(repository_.targets, "images", {"images/*"});
        repository_.add_target(repository_.targets, "file", "content");
        repository_.publish();
        TrustedMetadata trusted(read("1.root.json"), RepositoryMaker::now);
        if (role == "root") {
            ++repository_.root.version;
            repository_.publish_root();
            return {trusted, read("2.root.json")};
        }
        if (role == "timestamp") return {trusted, read("timestamp.json")};
        trusted.update_timestamp(read("timestamp.json"));
        if (role == "snapshot") return {trusted, read("1.snapshot.json")};
        trusted.update_snapshot(read("1.snapshot.json"));
        return {trusted, read("1.targets.json")};
    }

    static void take(TrustedMetadata& trusted, const std::string& role, const std::string& text) {
        if (role == "root") trusted.update_root(text);
        if (role == "timestamp") trusted.update_timestamp(text);
        if (role == "snapshot") trusted.update_snapshot(text);
        if (role == "targets") trusted.update_targets(text, "targets", "root");
    }
};

TEST_P(DamagedMetadata, IsRefusedOrSaysTheSame) {
    const auto [trusted, whole] = prepare(GetParam());
    const Json right = parse_json(whole, "whole").at("signed");
    std::size_t tried = 0;
    std::size_t harmless = 0;
    const auto judge = [&](const std::string& text) {
        ++tried;
        TrustedMetadata copy = trusted;
        try {
            take(copy, GetParam(), text);
        } catch (const Error&) {
            return;
        }
        ++harmless;
        EXPECT_EQ(parse_json(text, "damaged").at("signed"), right) << text;
    };
    for (std::size_t length = 0; length < whole.size(); ++length) judge(whole.substr(0, length));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string text = whole;
            text[at] = static_cast<char>(text[at] ^ (1 << bit));
            judge(text);
        }
    }
    std::println("{}: {} damaged files, {} of them say the same and were taken", GetParam(), tried, harmless);
    EXPECT_EQ(tried, 9 * whole.size());
    TrustedMetadata copy = trusted;
    take(copy, GetParam(), whole);
}

INSTANTIATE_TEST_SUITE_P(Of, DamagedMetadata, testing::Values("root", "timestamp", "snapshot", "targets"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace cairn::tuf
