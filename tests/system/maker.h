#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "images/layout/architecture.h"
#include "pkg/base/files.h"
#include "tests/support/http_server.h"

namespace cairn::system_test {

/// Who makes versions of an image and publishes them: the real host command over a tree of its own, which is
/// links to this repository with further recipes and definitions, and a repository that machines reach over
/// HTTP. All images are called "device": only then does one update another.
class Maker {
  public:
    explicit Maker(layout::Architecture architecture);

    /// Builds a version, `dev` and `more` lines of a definition. Gives the folder that build-image made, kept
    /// in out/update-tests for the next run.
    std::filesystem::path build(const std::string& version, const std::string& more = {});
    /// The repository lists it from now on, with `more` options of 'repo publish'. Publishing signs anew what
    /// expires, too.
    void publish(const std::filesystem::path& image, const std::vector<std::string>& more = {});
    /// Serves all files of the repository as they are, also those that a test had served otherwise.
    void serve();

    /// A copy of the repository as it is now, for a stick, in a new folder.
    void export_to(const std::filesystem::path& folder) const;
    /// A repository of somebody else, with nothing in it.
    void export_others_to(const std::filesystem::path& folder) const;

    /// As a machine in QEMU reaches the repository.
    std::string address() const;
    std::filesystem::path repository() const { return directory_.path() / "repository"; }
    support::HttpServer& server() { return server_; }

  private:
    void run(const std::vector<std::string>& arguments) const;
    void run(const std::vector<std::string>& arguments, const std::filesystem::path& keys) const;
    void make_tree() const;
    void make_repository() const;

    layout::Architecture architecture_;
    std::filesystem::path kept_;    // keys, images, and the empty repository
    TemporaryDirectory directory_;  // the tree, and the repository of this run
    support::HttpServer server_;
};

}  // namespace cairn::system_test
