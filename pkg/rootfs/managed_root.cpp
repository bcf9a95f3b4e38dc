#include "pkg/rootfs/managed_root.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <map>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/extract.h"
#include "pkg/rootfs/old_contents.h"
#include "pkg/rootfs/transaction.h"

namespace cairn::rootfs {
namespace {

package::Owners our_owners() {
    return ::geteuid() == 0 ? package::Owners::exact : package::Owners::ours;
}

std::optional<Dir> find_state(const Dir& root) {
    const auto status = root.find_status(state_path);
    if (!status) return std::nullopt;
    return root.open_directory(state_path);
}

[[noreturn]] void refuse_locked(const Dir& root, const Fd& lock) {
    std::string holder(200, '\0');
    holder.resize(
        read_up_to(lock.get(), {reinterpret_cast<std::uint8_t*>(holder.data()), holder.size()}, root.name()));
    throw Error(std::format("the packages of '{}' are being changed by another process", root.name()))
        .detail("process", std::string(trim(holder)))
        .hint("wait until it is done");
}

/// The kernel frees it when the process ends, however that happens.
Fd take_lock(const Dir& root, const Dir& state, const std::string& command) {
    Fd lock = state.open_file("lock", O_RDWR | O_CREAT);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) refuse_locked(root, lock);
        throw SystemError(std::format("cannot lock '{}'", state.name()));
    }
    if (::ftruncate(lock.get(), 0) != 0)
        throw SystemError(std::format("cannot write '{}/lock'", state.name()));
    write_all(lock.get(), std::format("{} ({})\n", ::getpid(), command), state.name() + "/lock");
    return lock;
}

}  // namespace

ManagedRoot::ManagedRoot(Dir root, std::optional<Dir> state, Fd lock)
    : root_(std::move(root)), state_(std::move(state)), lock_(std::move(lock)) {
    if (lock_.is_open()) recovery_ = recover(root_, *state_, our_owners());
    load();
}

void ManagedRoot::load() {
    if (!state_) return;
    database_ = read_database(*state_);
    installed_ = read_heads(*state_, database_);
}

ManagedRoot ManagedRoot::open(const std::filesystem::path& path, const std::string& command) {
    return with_context(std::format("changing the packages of '{}'", path.string()), [&] {
        Dir root = Dir::open(path);
        root.make_directories(state_path, 0755);
        Dir state = root.open_directory(state_path);
        Fd lock = take_lock(root, state, command);
        return ManagedRoot(std::move(root), std::move(state), std::move(lock));
    });
}

ManagedRoot ManagedRoot::open_to_read(const std::filesystem::path& path) {
    Dir root = Dir::open(path);
    std::optional<Dir> state = find_state(root);
    Fd lock;
    if (state && state->find_status("work")) lock = take_lock(root, *state, "recovering");
    return {std::move(root), std::move(state), std::move(lock)};
}

std::vector<HistoryEntry> ManagedRoot::history() const {
    if (!state_) return {};
    return read_history(*state_);
}

Plan ManagedRoot::plan(const Request& request) const {
    Changes changes = plan_changes(database_, installed_, request);
    const std::vector<Finding> findings = look_at_root(root_, changes.paths);
    struct stat status{};
    if (::fstat(state_ ? state_->fd() : root_.fd(), &status) != 0)
        throw SystemError(std::format("cannot stat '{}'", root_.name()));
    return make_plan(std::move(changes), request.add, findings, status.st_dev, our_owners());
}

void ManagedRoot::carry_out(const Request& request, const Plan& plan,
                            const std::vector<ContentSource>& sources, HistoryEntry entry) {
    CHECK(lock_.is_open() && sources.size() == request.add.size());
    entry.number = plan.changes.result.transaction;
    entry.changes = plan.changes.packages;
    entry.kept = plan.kept;
    Transaction(root_, *state_, our_owners()).run({request, plan, sources, entry});
    load();
}

Request ManagedRoot::plan_rollback(std::uint64_t number, std::vector<package::VerifiedHead>& heads) const {
    const std::uint64_t last = database_.transaction;
    if (last == 0)
        throw UsageError(
            std::format("there is nothing to undo in '{}': no transaction was made", root_.name()));
    if (number == 0 || number > last)
        throw UsageError(std::format("there was no transaction {} in '{}'", number, root_.name()))
            .hint(std::format("the last one is {}", last));
    if (last - number >= HistoryLimits::contents)
        throw UsageError(std::format("transaction {} is too long ago to be undone", number))
            .hint(std::format("the contents of the last {} are kept: the oldest that can be undone is {}",
                              HistoryLimits::contents, last - HistoryLimits::contents + 1));
    std::map<std::string, std::optional<PackageRecord>> earlier;  // what changed since, as it was before
    for (const HistoryEntry& entry : history())
        if (entry.number >= number)
            for (const PackageChange& change : entry.changes) earlier.try_emplace(change.name, change.from);
    Request request;
    std::vector<PackageRecord> wanted;
    for (const auto& [name, record] : earlier) {
        const PackageRecord* now = database_.find(name);
        if (record && (now == nullptr || *now != *record)) wanted.push_back(*record);
        if (!record && now != nullptr) request.remove.push_back(name);
    }
    heads.clear();
    heads.reserve(wanted.size());
    for (const PackageRecord& record : wanted) heads.push_back(read_head(*state_, record));
    for (const package::VerifiedHead& head : heads) request.add.push_back(&head);
    return request;
}

ContentSource ManagedRoot::old_contents(const package::VerifiedHead& head) const {
    return [this, &head](const Dir& work, const package::Places& places) {
        OldContents(root_, *state_, installed_).copy(head.head().files, work, places, our_owners());
    };
}

ContentSource contents_of(const package::PackageReader& package) {
    return [&package](const Dir& work, const package::Places& places) {
        package::extract_contents(package, work, places, our_owners());
    };
}

}  // namespace cairn::rootfs
