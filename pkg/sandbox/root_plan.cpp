#include "pkg/sandbox/root_plan.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/sandbox/hidden_folders.h"
#include "pkg/sandbox/host_user.h"
#include "pkg/sandbox/tools.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;
using Kind = Step::Kind;

// Names at the top that the sandbox fills itself.
constexpr auto own_names =
    std::to_array<std::string_view>({"bin", "build", "dev", "etc", "lib", "lib32", "lib64", "libx32", "new",
                                     "old", "proc", "sbin", "sys", "tmp", "usr"});

constexpr std::string_view passwd =
    "root:x:0:0:root:/:/bin/sh\n"
    "build:x:1000:1000:build:/build:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/bin/false\n";
constexpr std::string_view group = "root:x:0:\nbuild:x:1000:\nnogroup:x:65534:\n";
constexpr std::string_view hosts = "127.0.0.1 localhost cairn\n::1 localhost\n";
constexpr std::string_view name_services = "passwd: files\ngroup: files\nhosts: files\nservices: files\n";

std::string inside(std::string_view path) {
    return std::format("{}{}", new_root, path);
}
std::string outside(const fs::path& path) {
    return std::format("{}{}", old_root, path.string());
}

class RootPlanner {
  public:
    RootPlanner(const SandboxSpec& spec, HostPackages& packages, Owner owner)
        : spec_(spec), packages_(packages), owner_(owner) {}

    std::vector<Step> plan() {
        add(Kind::tmpfs, "/", "mode=0755,size=16m");
        add_system();
        add_tools();
        add_development_files();
        add_configuration();
        add_mounts();
        for (const char* folder : {"/proc", "/dev", "/tmp", "/build"}) add(Kind::directory, folder);
        add(Kind::seal, "/");
        add_writable();
        add_devices();
        return std::move(steps_);
    }

  private:
    void add(Kind kind, std::string_view target, std::string source = {}) {
        steps_.push_back({kind, inside(target), std::move(source)});
    }

    // The host's /usr, and the top-level links into it.
    void add_system() {
        add(Kind::directory, "/usr");
        add(Kind::bind, "/usr", outside("/usr"));
        for (const char* name : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
            const fs::file_status status = fs::symlink_status(name);
            if (fs::is_symlink(status))
                add(Kind::link, name, fs::read_symlink(name).string());
            else if (fs::is_directory(status))
                throw Error(
                    std::format("cannot set up a sandbox: '{}' of this machine is no link into /usr", name))
                    .hint("a merged /usr is needed, as every Debian 12 has: apt-get install usrmerge");
        }
    }

    void add_tools() {
        add(Kind::tmpfs, "/usr/bin", "mode=0755,size=16m");
        for (const ToolEntry& tool : plan_tools(spec_.tools)) {
            const std::string name = "/usr/bin/" + tool.name;
            if (tool.link.empty())
                add(Kind::bind_file, name, outside(tool.host));
            else
                add(Kind::link, name, tool.link);
        }
    }

    void add_development_files() {
        std::vector<std::string> names =
            packages_.tool_owners(spec_.tools);  // meson's own modules, for example
        names.insert(names.end(), spec_.debian.begin(), spec_.debian.end());
        std::vector<std::string> files;
        for (const std::string& name : names) {
            const std::vector<std::string> more = packages_.package_files(name);
            files.insert(files.end(), more.begin(), more.end());
        }
        plan_hidden_folders(files, steps_);
    }

    void add_configuration() {
        add(Kind::directory, "/etc");
        add(Kind::file, "/etc/passwd", std::string(passwd));
        add(Kind::file, "/etc/group", std::string(group));
        add(Kind::file, "/etc/hosts", std::string(hosts));
        add(Kind::file, "/etc/nsswitch.conf", std::string(name_services));
        add(Kind::bind_file, "/etc/ld.so.cache", outside("/etc/ld.so.cache"));
        add(Kind::directory, "/etc/alternatives");
        add(Kind::bind, "/etc/alternatives", outside("/etc/alternatives"));
    }

    void add_mounts() {
        for (const ReadOnlyMount& mount : spec_.mounts) {
            check_place(mount);
            const fs::path host = fs::canonical(mount.host);
            for (std::size_t end = mount.inside.find('/', 1); end != std::string::npos;
                 end = mount.inside.find('/', end + 1))
                add(Kind::directory, mount.inside.substr(0, end));
            if (fs::is_directory(host)) {
                add(Kind::directory, mount.inside);
                add(Kind::source, mount.inside, outside(host));
            } else {
                add(Kind::source_file, mount.inside, outside(host));
            }
        }
    }

    // A mount within another would need a place made in the other's folder on the host.
    void check_place(const ReadOnlyMount& mount) const {
        const std::string_view path = mount.inside;
        const std::string_view top = path.substr(0, path.find('/', 1));
        const bool is_within = std::ranges::any_of(spec_.mounts, [&](const ReadOnlyMount& other) {
            return &other != &mount && (path == other.inside || path.starts_with(other.inside + "/"));
        });
        if (!path.starts_with('/') || !is_safe_relative_path(path.substr(1)) || is_within ||
            std::ranges::contains(own_names, top.substr(1)))
            throw UsageError(std::format("cannot mount '{}' at '{}' in a sandbox: the place is not free",
                                         mount.host.string(), path));
        if (!fs::exists(mount.host))
            throw UsageError(
                std::format("cannot mount '{}' in a sandbox: it does not exist", mount.host.string()));
    }

    void add_writable() {
        const std::string owner = std::format("uid={},gid={}", owner_.user, owner_.group);
        add(Kind::bind, "/build", outside(fs::canonical(spec_.build_directory)));
        add(Kind::tame, "/build");
        add(Kind::tmpfs, "/tmp", std::format("mode=1777,size={},{}", spec_.limits.temporary_bytes, owner));
        add(Kind::tame, "/tmp");
        add(Kind::proc, "/proc");
    }

    void add_devices() {
        add(Kind::tmpfs, "/dev", "mode=0755,size=1m");
        for (const char* name :
             {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"})
            add(Kind::bind_file, name, outside(name));
        add(Kind::link, "/dev/fd", "/proc/self/fd");
        add(Kind::link, "/dev/stdin", "/proc/self/fd/0");
        add(Kind::link, "/dev/stdout", "/proc/self/fd/1");
        add(Kind::link, "/dev/stderr", "/proc/self/fd/2");
        add(Kind::directory, "/dev/pts");
        add(Kind::terminals, "/dev/pts");
        add(Kind::link, "/dev/ptmx", "pts/ptmx");
        add(Kind::directory, "/dev/shm");
        add(Kind::tmpfs, "/dev/shm",
            std::format("mode=1777,size=64m,uid={},gid={}", owner_.user, owner_.group));
        add(Kind::seal_devices, "/dev");
    }

    const SandboxSpec& spec_;
    HostPackages& packages_;
    Owner owner_;
    std::vector<Step> steps_;
};

}  // namespace

std::string to_text(const Step& step) {
    const std::string target = step.target.substr(new_root.size());
    switch (step.kind) {
        case Kind::directory:
            return std::format("make directory '{}'", target);
        case Kind::file:
            return std::format("write '{}'", target);
        case Kind::link:
            return std::format("make link '{}'", target);
        case Kind::bind:
        case Kind::bind_file:
        case Kind::source:
        case Kind::source_file:
            return std::format("mount '{}' at '{}'", step.source.substr(old_root.size()), target);
        case Kind::tmpfs:
            return std::format("mount a temporary file system at '{}'", target);
        case Kind::proc:
            return std::format("mount the process table at '{}'", target);
        case Kind::terminals:
            return std::format("mount terminals at '{}'", target);
        case Kind::seal:
        case Kind::seal_devices:
        case Kind::tame:
            return std::format("set the mount options of '{}'", target);
    }
    std::unreachable();
}

std::vector<Step> plan_root(const SandboxSpec& spec, HostPackages& packages, Owner owner) {
    return RootPlanner(spec, packages, owner).plan();
}

}  // namespace cairn::sandbox
