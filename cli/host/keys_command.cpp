#include <format>
#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/host/maker_keys.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"

namespace cairn::host {
namespace {

struct Options {
    std::string directory;
    bool is_insecure = false;
    bool is_json = false;
};

std::filesystem::path find_directory(const Options& options) {
    return options.directory.empty() ? crypto::KeyDirectory::default_path()
                                     : std::filesystem::path(options.directory);
}

/// A new passphrase, typed twice.
std::string choose_passphrase() {
    if (const auto text = find_environment("CAIRN_KEYS_PASSPHRASE")) return *text;
    const std::string first = ask_passphrase("new passphrase for the keys");
    if (ask_passphrase("the same again") != first) throw UsageError("the two passphrases differ");
    return first;
}

int init_keys(const Options& options) {
    const std::filesystem::path path = find_directory(options);
    if (crypto::KeyDirectory::exists(path))  // before anybody types a passphrase
        throw UsageError(std::format("there are keys already in '{}'", path.string()))
            .hint("keys are never overwritten: name another directory, or move these away");
    std::optional<std::string> passphrase;
    if (!options.is_insecure) {
        passphrase = choose_passphrase();
        if (passphrase->empty())
            throw UsageError("the passphrase is empty").hint("--insecure-dev makes keys without one");
    }
    make_directories(std::filesystem::absolute(path).parent_path());
    crypto::KeyDirectory::init(path, passphrase);
    std::println("made {} keys in '{}'", crypto::all_roles.size(), path.string());
    std::println("keep a copy of this directory in a safe place: nobody can make the same keys again");
    return term::success;
}

std::string fingerprint_of(const crypto::KeyDirectory& keys, const crypto::RoleInfo& role) {
    if (role.kind == crypto::KeyKind::ed25519) return crypto::key_id(keys.public_key(role.role));
    const std::string file = std::format("{}.{}", role.name, role.has_certificate ? "pem" : "pub");
    return crypto::hash_file_sha256(keys.path() / file).to_hex();
}

std::string format_row(std::string_view key, std::string_view id, std::string_view signs) {
    return std::format("{:<15}  {:<16}  {}\n", key, id, signs);
}

int show_keys(const Options& options) {
    const crypto::KeyDirectory keys = crypto::KeyDirectory::open(find_directory(options));
    Json list = Json::array();
    std::string table = format_row("key", "id", "signs");
    for (const crypto::RoleInfo& role : crypto::all_roles) {
        const std::string id = fingerprint_of(keys, role);
        list.push_back({{"name", role.name}, {"id", id}, {"signs", role.signs}});
        table += format_row(role.name, id.substr(0, 16), role.signs);
    }
    if (options.is_json) {
        std::print("{}", format_json({{"directory", keys.path().string()},
                                      {"development", keys.is_development()},
                                      {"keys", list}}));
        return term::success;
    }
    std::println("{}{}\n", keys.path().string(), keys.is_development() ? " (development keys)" : "");
    std::print("{}", table);
    return term::success;
}

}  // namespace

void add_keys_command(term::Command& root, Host&) {
    const auto options = std::make_shared<Options>();
    term::Command& keys = root.add_command("keys", "The maker's keys");
    term::Command& init = keys.add_command("init", "Make a full set of keys, locked with a passphrase");
    init.add_option("directory", options->directory, "where; $CAIRN_KEYS or ~/.config/cairn/keys by default",
                    term::Completion::directory);
    init.add_flag("--insecure-dev", options->is_insecure,
                  "without a passphrase, for development: images made with them say so");
    init.set_example("cairn keys init");
    init.set_action([options] { return init_keys(*options); });

    term::Command& show = keys.add_command("show", "Show the public half of each key");
    show.add_option("directory", options->directory, "where; $CAIRN_KEYS or ~/.config/cairn/keys by default",
                    term::Completion::directory);
    show.add_flag("--json", options->is_json, "print them as JSON");
    show.set_example("cairn keys show --json");
    show.set_action([options] { return show_keys(*options); });
}

}  // namespace cairn::host
