#include "pkg/source/git_source.h"

#include <format>
#include <utility>
#include <vector>

#include "pkg/archive/unpack.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/source/source_cache.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;

/// A bare repository of ours, run without any setting of the user or the machine.
class GitRepository {
  public:
    explicit GitRepository(fs::path path) : path_(std::move(path)) {
        if (!find_program("git"))
            throw Error("cannot fetch a git source: the program 'git' is not there")
                .hint("install the package 'git'");
        if (!fs::exists(path_ / "HEAD")) run_command_checked(command({"init", "--quiet", "--bare"}));
        // The last word on attributes: files come out exactly as their objects are.
        make_directories(path_ / "info");
        write_file(path_ / "info" / "attributes",
                   "* -text -eol -crlf -ident -filter -working-tree-encoding -export-subst -export-ignore\n");
    }

    bool has_commit(const std::string& commit) const {
        const CommandResult result =
            run_command(command({"rev-parse", "--verify", "--quiet", commit + "^{commit}"}));
        return result.status == 0 && trim(result.output) == commit;
    }

    /// One commit, or everything where the server does not give single commits.
    void fetch(const std::string& url, const std::string& commit) const {
        if (run_command(command({"fetch", "--quiet", "--depth=1", "--no-tags", "--", url, commit})).status ==
            0)
            return;
        const CommandResult result =
            run_command(command({"fetch", "--quiet", "--tags", "--", url, "+refs/heads/*:refs/heads/*"}));
        if (result.status != 0)
            throw NetworkError(std::format("cannot fetch '{}'", url))
                .detail("git said", std::string(trim(result.error)));
    }

    void write_archive(const std::string& commit, const fs::path& tar) const {
        run_command_checked(command({"archive", "--format=tar", "--output=" + tar.string(), commit}));
    }

  private:
    Command command(std::vector<std::string> arguments) const {
        std::vector<std::string> words{"git", "--git-dir=" + path_.string(),
                                       "-c",  "transfer.fsckObjects=true",
                                       "-c",  "protocol.ext.allow=never"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return {.arguments = std::move(words),
                .environment = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
                                "GIT_TERMINAL_PROMPT=0", "GIT_ATTR_NOSYSTEM=1", "LC_ALL=C"}};
    }

    fs::path path_;
};

}  // namespace

void unpack_git_commit(const recipe::SourceSpec& spec, const Dir& tree, Environment& environment) {
    const std::string name = crypto::hash_blake2b(spec.git_url).to_hex().substr(0, 32);
    const FileLock lock = SourceCache(environment.cache).lock("git-" + name);
    make_directories(environment.cache / "git");
    const GitRepository repository(environment.cache / "git" / name);
    if (!repository.has_commit(spec.git_commit)) {
        if (environment.is_offline)
            throw Error(std::format("cannot fetch commit {} of '{}': the network must not be used",
                                    spec.git_commit, spec.git_url));
        repository.fetch(spec.git_url, spec.git_commit);
        if (!repository.has_commit(spec.git_commit))
            throw VerifyError(
                std::format("cannot use '{}': it has no commit {}", spec.git_url, spec.git_commit));
    }
    const TemporaryDirectory work(environment.cache, "git");
    const fs::path tar = work.path() / "source.tar";
    repository.write_archive(spec.git_commit, tar);
    archive::unpack_archive(tar, tree, {.only = spec.only, .exclude = spec.exclude});
}

}  // namespace cairn::source
