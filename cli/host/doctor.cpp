#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <format>
#include <memory>
#include <print>
#include <set>

#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/store/store.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

/// One thing that was looked at.
struct Finding {
    std::string subject;
    bool is_good = false;
    std::string text;
    std::string remedy;  // what to do; empty when good
};

struct PackageLine {
    std::string name;
    std::string reason;
};

std::vector<PackageLine> read_package_list(const fs::path& path) {
    std::vector<PackageLine> lines;
    for (const std::string& line : split(read_file(path), '\n')) {
        const std::size_t hash = line.find('#');
        const std::string name(trim(std::string_view(line).substr(0, hash)));
        if (name.empty()) continue;
        lines.push_back({name, hash == std::string::npos
                                   ? ""
                                   : std::string(trim(std::string_view(line).substr(hash + 1)))});
    }
    return lines;
}

Finding check_packages(const fs::path& list) {
    std::vector<std::string> command{"dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n"};
    const std::vector<PackageLine> wanted = read_package_list(list);
    for (const PackageLine& line : wanted) command.push_back(line.name);
    std::set<std::string> present;
    for (const std::string& line : split(run_command({.arguments = command}).output, '\n'))
        if (line.ends_with(" installed")) present.insert(line.substr(0, line.find(' ')));
    std::vector<std::string> missing;
    for (const PackageLine& line : wanted)
        if (!present.contains(line.name)) missing.push_back(line.name);
    if (missing.empty())
        return {"Debian packages", true, std::format("all {} are installed", wanted.size()), ""};
    return {"Debian packages", false, std::format("missing: {}", join(missing, ", ")),
            "apt-get install " + join(missing, " ")};
}

Finding check_namespaces() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
    int status = 1;
    ::waitpid(pid, &status, 0);
    if (pid > 0 && status == 0) return {"user namespaces", true, "builds can be shut in", ""};
    return {"user namespaces", false, "this kernel or its settings forbid them",
            "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1"};
}

Finding check_space(const fs::path& cache) {
    constexpr std::uint64_t wanted = std::uint64_t{15} << 30;
    std::error_code code;
    const std::uint64_t free = fs::space(cache, code).available;
    const std::string text = std::format("{} free in '{}'", format_bytes(free), cache.string());
    if (!code && free >= wanted) return {"disk", true, text, ""};
    return {"disk", false, text,
            std::format("a cold build of one architecture wants {}; set CAIRN_CACHE to a roomier place",
                        format_bytes(wanted))};
}

Finding check_firmware() {
    for (const char* path : {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/AAVMF/AAVMF_CODE.fd"})
        if (!fs::exists(path))
            return {"QEMU firmware", false, std::format("'{}' is missing", path),
                    "apt-get install ovmf qemu-efi-aarch64"};
    return {"QEMU firmware", true, "both architectures", ""};
}

Finding check_keys() {
    const fs::path path = crypto::KeyDirectory::default_path();
    if (!crypto::KeyDirectory::exists(path))
        return {"keys", true, "none yet; the first build makes development keys", ""};
    const bool is_development = crypto::KeyDirectory::open(path).is_development();
    return {"keys", true,
            std::format("{} keys in '{}'", is_development ? "development" : "release", path.string()), ""};
}

int run_doctor(Host& host, bool is_json) {
    const fs::path cache = store::Store::default_root();
    make_directories(cache);
    const std::vector<Finding> findings{check_packages(host.repository() / "packages.txt"),
                                        check_namespaces(), check_space(cache), check_firmware(),
                                        check_keys()};
    Json json = Json::array();
    bool is_good = true;
    for (const Finding& finding : findings) {
        is_good = is_good && finding.is_good;
        json.push_back({{"subject", finding.subject},
                        {"good", finding.is_good},
                        {"text", finding.text},
                        {"remedy", finding.remedy}});
        if (is_json) continue;
        std::println("{:<16} {}  {}", finding.subject, finding.is_good ? "good   " : "missing", finding.text);
        if (!finding.remedy.empty()) std::println("{:<16}          to mend: {}", "", finding.remedy);
    }
    if (is_json) std::print("{}", format_json(json));
    return is_good ? term::success : term::failure;
}

}  // namespace

void add_doctor_command(term::Command& root, Host& host) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& command =
        root.add_command("doctor", "Say what is missing on this machine and how to get it");
    command.add_flag("--json", *is_json, "print as JSON");
    command.set_example("cairn doctor");
    command.set_action([&host, is_json] { return run_doctor(host, *is_json); });
}

}  // namespace cairn::host
