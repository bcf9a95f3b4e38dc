#pragma once

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/net/curl_transport.h"
#include "pkg/recipe/recipe.h"
#include "pkg/source/environment.h"
#include "tests/support/http_server.h"

namespace cairn::source {

/// A cache, a directory of recipes and a web server that plays a mirror of Debian and everything else.
class SourceFixture : public testing::Test {
  protected:
    SourceFixture() {
        make_directories(recipes());
        environment_.on_note = [this](const std::string& line) { notes_.push_back(line); };
    }

    std::filesystem::path cache() const { return work_.path() / "cache"; }
    std::filesystem::path recipes() const { return work_.path() / "repository" / "recipes"; }
    std::filesystem::path directory_of(const std::string& recipe) const { return recipes() / recipe; }

    /// Writes recipes/<name>/recipe.toml with these `[[source]]` lines and reads it.
    recipe::Recipe make_recipe(const std::string& name, const std::string& sources) {
        make_directories(directory_of(name));
        write_file(directory_of(name) / "recipe.toml",
                   "[package]\nversion = \"1.0\"\nlicense = \"MIT\"\nsummary = \"a test\"\n\n" + sources +
                       "\n[build]\ntemplate = \"script\"\nscript = \"true\"\n");
        return recipe::read_recipe(recipes(), name);
    }

    /// A gzipped tar of files {path, content}, made by tar(1).
    std::string make_tar(const std::vector<std::pair<std::string, std::string>>& files) {
        const TemporaryDirectory in(work_.path());
        for (const auto& [path, content] : files) {
            make_directories((in.path() / path).parent_path());
            write_file(in.path() / path, content);
        }
        run_command_checked({.arguments = {"tar", "-C", in.path().string(), "-czf",
                                           (work_.path() / "made.tar.gz").string(), "."}});
        return read_file(work_.path() / "made.tar.gz");
    }

    static std::string sha256(const std::string& content) { return crypto::hash_sha256(content).to_hex(); }

    /// `url = …, sha256 = …` of content that the server gives at `path`.
    std::string serve_url(const std::string& path, const std::string& content) {
        server_.serve(path, content);
        return "[[source]]\nurl = [\"" + server_.address(path) + "\"]\nsha256 = \"" + sha256(content) +
               "\"\n";
    }

    TemporaryDirectory work_;
    support::HttpServer server_;
    net::CurlTransport transport_{{.attempts = 2, .first_delay = std::chrono::milliseconds(1)}};
    Environment environment_{.cache = work_.path() / "cache",
                             .transport = transport_,
                             .archive = DebianArchive([this] {
                                 return DebianMirrors{.main = {server_.address("/debian")},
                                                      .security = {server_.address("/debian-security")},
                                                      .proxy = ""};
                             })};
    std::vector<std::string> notes_;
};

/// The report of the Error that `body` throws, or "" when it throws none.
template <class Body>
std::string report_of(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.report();
    }
    return "";
}

}  // namespace cairn::source
