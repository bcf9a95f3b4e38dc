#include <ctime>
#include <format>
#include <print>

#include "cli/host/bench.h"
#include "cli/host/counting_transport.h"
#include "cli/term/progress.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/net/file_transport.h"
#include "pkg/package/writer.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/client.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int target_count = 100'000;

/// Targets with the names and descriptions that packages have; nobody reads their content.
void fill(repo::Repository& repository) {
    for (int number = 0; number < target_count; ++number) {
        const std::string name = std::format("package{}", number);
        const std::string target = std::format("packages/x86_64/{}_1.0_x86_64.cpkg", name);
        repository.change_targets(repo::bin_of_target(target)).targets[target] = {
            .length = 1000,
            .hashes = {{"sha256", crypto::hash_sha256(target).to_hex()}},
            .custom = {{"name", name},
                       {"version", "1.0"},
                       {"license", "MIT"},
                       {"summary", "a package to measure with"}}};
    }
}

fs::path make_package(const fs::path& directory, crypto::Signer& signer) {
    make_directories(directory / "stage");
    write_file(directory / "stage" / "file", "content");
    const package::Identity identity{.name = "newest",
                                     .version = "1.0",
                                     .architecture = "x86_64",
                                     .license = "MIT",
                                     .summary = "the package that is published",
                                     .recipe = "newest"};
    const fs::path file = directory / package::file_name(identity);
    package::make_package(directory / "stage", archive::scan_tree(directory / "stage"), identity, signer,
                          file);
    return file;
}

milliseconds since(steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

}  // namespace

void bench_repository() {
    const TemporaryDirectory directory;
    const fs::path place = directory.path() / "repository";
    crypto::KeyDirectory keys = crypto::KeyDirectory::init(directory.path() / "keys", std::nullopt);
    const tuf::Time now = std::time(nullptr);
    {
        repo::Repository repository = repo::Repository::init(place, keys, now);
        fill(repository);
        repository.commit(repo::sign_with(keys), now);
    }
    const fs::path package = make_package(directory.path(), *keys.signer(crypto::Role::package));
    const auto start = steady_clock::now();
    {
        repo::Repository repository = repo::Repository::open(place);
        const repo::PublishPlan plan =
            plan_publish(repository, {.packages = {package}},
                         package::AllowedKeys({keys.public_key(crypto::Role::package)}));
        repo::publish(repository, plan, repo::sign_with(keys), now);
    }
    const milliseconds publish = since(start);

    const std::string metadata = "file://" + repo::Repository::open(place).metadata_path().string();
    const fs::path state = directory.path() / "state";
    tuf::Client::init(read_file(place / "metadata" / "1.root.json"), state);
    net::FileTransport files;
    CountingTransport first(files);
    {
        tuf::Client client({.state = state, .metadata_mirrors = {metadata}, .now = now}, first);
        client.refresh();
        client.find_target("images/base/x86_64/updates.json");
    }
    CountingTransport again(files);
    tuf::Client client({.state = state, .metadata_mirrors = {metadata}, .now = now}, again);
    client.refresh();
    std::print("{}\n", term::format_table({{std::format("repository with {} targets", target_count), ""},
                                           {"publish one package", format_duration(publish)},
                                           {"a device's first refresh, images included", first.text()},
                                           {"a refresh when nothing changed", again.text()}}));
}

}  // namespace cairn::host
