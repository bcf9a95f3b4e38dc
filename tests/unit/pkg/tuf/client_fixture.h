#pragma once

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/net/file_transport.h"
#include "pkg/tuf/client.h"
#include "tests/unit/pkg/tuf/repository_maker.h"

namespace cairn::tuf {

/// A client of a repository on disk, and what the specification's attackers can do to it.
class TufClient : public testing::Test {
  protected:
    RepositoryMaker repository_;
    TemporaryDirectory place_;
    std::filesystem::path state_ = place_.path() / "state";
    std::filesystem::path output_ = place_.path() / "output";
    net::FileTransport transport_;
    Time now_ = RepositoryMaker::now;
    std::vector<std::string> mirrors_{repository_.address()};

    void start() {
        repository_.publish();
        Client::init(read_file(repository_.path() / "1.root.json"), state_);
    }
    void refresh() {
        Client client({.state = state_, .metadata_mirrors = mirrors_, .now = now_}, transport_);
        client.refresh();
    }
    std::filesystem::path download(const std::string& name) {
        Client client({.state = state_, .metadata_mirrors = mirrors_, .now = now_}, transport_);
        client.refresh();
        return client.download(name, {repository_.address() + "/targets"}, output_);
    }
    /// The refusal's words; empty when there was none.
    std::string refusal_of(const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            return error.report();
        }
        return {};
    }
    std::string refresh_refusal() {
        return refusal_of([&] { refresh(); });
    }
    std::map<std::string, std::string> read_state() const {
        std::map<std::string, std::string> files;
        for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(state_))
            files[entry.path().filename()] = read_file(entry.path());
        return files;
    }
    std::uint64_t known_version(const std::string& role) const {
        return read_json(state_ / (role + ".json")).at("signed").at("version").get<std::uint64_t>();
    }
};

}  // namespace cairn::tuf
