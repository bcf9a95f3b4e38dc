#include "pkg/rootfs/transaction.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::rootfs {
namespace {

void write_new(const Dir& directory, const std::string& path, std::span<const std::uint8_t> bytes) {
    const Fd fd = directory.open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    write_all(fd.get(), bytes, directory.name() + "/" + path);
}

void write_new(const Dir& directory, const std::string& path, std::string_view text) {
    write_new(directory, path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void move_if_there(const Dir& from, const std::string& path, const Dir& to, const std::string& target) {
    if (from.find_status(path)) from.move_to(path, to, target, Dir::Overwrite::allowed);
}

std::string history_path(std::uint64_t number) {
    return std::format("history/{}.json", number);
}

bool keeps_old_file(const Step& step) {
    return step.action == Action::replace || step.action == Action::remove;
}

Journal read_journal(const Dir& work, const std::string& name) {
    return parse_journal(find_text(work, name).value());
}

}  // namespace

/// One call for the whole file system: a sync of each of thousands of files would take much longer.
void Transaction::sync() const {
    if (::syncfs(state_.fd()) != 0) throw SystemError(std::format("cannot sync '{}'", root_.name()));
}

Switch Transaction::make_switch(const Dir& work) const {
    return {root_, work, owners_ == package::Owners::exact};
}

/// Asked first, so that most full roots are told from the start by how much; a write that fails all the same
/// changes nothing either.
void Transaction::check_room(const Plan& plan) const {
    struct statvfs status{};
    if (::fstatvfs(state_.fd(), &status) != 0)
        throw SystemError(std::format("cannot ask how much room '{}' has", root_.name()));
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    if (plan.content_size <= free) return;
    throw Error(std::format("there is no room in '{}'", root_.name()))
        .detail("needed", format_bytes(plan.content_size))
        .detail("free", format_bytes(free))
        .hint("what is replaced stays until the new files are in place, so both need room");
}

void Transaction::prepare(const PreparedBy& what, const Dir& work) const {
    for (const char* name : {"new", "old", "heads"}) work.make_directory(name, 0700);
    const auto& added = what.request.add;
    for (std::size_t i = 0; i < added.size(); ++i) {
        const archive::FileTree& files = added[i]->head().files;
        package::place_directories(files, work, what.plan.places[i]);
        what.sources[i](work, what.plan.places[i]);
        package::place_links(files, work, what.plan.places[i], owners_);
        write_new(work, "heads/" + added[i]->id().to_hex(), added[i]->stored_bytes());
    }
    // Their modes may forbid to write in them, so only when all packages are there.
    for (std::size_t i = 0; i < added.size(); ++i)
        package::finish_directories(added[i]->head().files, work, what.plan.places[i], owners_);
    for (const Step& step : what.plan.journal.steps)
        if (keeps_old_file(step)) root_.link_to(step.path, work, std::format("old/{}", step.item));
    write_new(work, "history.json", format_json(to_json(what.entry)));
    write_new(work, "installed.json", format_json(to_json(what.plan.changes.result)));
}

void Transaction::run(const PreparedBy& what) {
    check_room(what.plan);
    state_.make_directory("work", 0700);
    const Dir work = state_.open_directory("work");
    try {
        prepare(what, work);
        write_new(work, "journal.new", format_journal(what.plan.journal));
        sync();
        // Everything that the journal speaks of is on the disk; the root has not been touched.
        work.rename("journal.new", "journal");
        sync();
    } catch (...) {
        drop_work();
        throw;
    }
    // From here on the next start finishes it.
    finish(what.plan.journal, work);
}

void Transaction::finish(const Journal& journal, const Dir& work) {
    try {
        make_switch(work).go_forward(journal);
    } catch (Error& error) {
        error.add_context("the transaction was undone");
        // Decided for good: after some steps back, none may be done forwards again.
        work.rename("journal", "undo");
        sync();
        undo(journal, work);
        throw;
    }
    sync();
    // The root is new, on the disk too; the database is still the old one.
    take_over(journal, work);
    sync();
    // All is new.
    work.remove_file("journal");
    sync();
    drop_work();
    prune();
}

/// Each move is done unless it was done before. `installed.json` is the last: it names what the others are.
void Transaction::take_over(const Journal& journal, const Dir& work) const {
    for (const char* name : {"heads", "history", "kept"}) state_.make_directory(name, 0755);
    for (const std::string& name : work.names("heads"))
        work.move_to("heads/" + name, state_, "heads/" + name, Dir::Overwrite::allowed);
    const std::string kept = std::format("kept/{}", journal.transaction);
    state_.make_directory(kept, 0700);
    for (const Step& step : journal.steps)
        if (keeps_old_file(step) && !step.content.is_zero())
            move_if_there(work, std::format("old/{}", step.item), state_,
                          std::format("{}/{}", kept, step.content.to_hex()));
    move_if_there(work, "history.json", state_, history_path(journal.transaction));
    move_if_there(work, "installed.json", state_, "installed.json");
}

void Transaction::undo(const Journal& journal, const Dir& work) {
    make_switch(work).turn_back(journal);
    sync();
    // The root is as it was, on the disk too.
    work.remove_file("undo");
    sync();
    drop_work();
}

ManagedRoot::Recovery Transaction::recover() {
    using enum ManagedRoot::Recovery;
    if (!state_.find_status("work")) return nothing;
    const Dir work = state_.open_directory("work");
    if (work.find_status("undo")) {
        undo(read_journal(work, "undo"), work);
        return undone;
    }
    if (work.find_status("journal")) {
        finish(read_journal(work, "journal"), work);
        return finished;
    }
    // It was stopped while it prepared, or when only its work directory was left to be removed.
    drop_work();
    return dropped;
}

void Transaction::drop_work() const {
    remove_tree(std::format("/proc/self/fd/{}/work", state_.fd()));
}

/// What can no longer be gone back to. Stopped in between, the next one does the rest.
void Transaction::prune() const {
    const Database database = read_database(state_);
    std::set<std::string> needed;
    for (const PackageRecord& record : database.packages) needed.insert(record.id.to_hex());
    for (const HistoryEntry& entry : read_history(state_)) {
        if (entry.number + HistoryLimits::entries <= database.transaction)
            state_.remove_file(history_path(entry.number));
        if (entry.number + HistoryLimits::contents <= database.transaction) {
            if (state_.find_status(std::format("kept/{}", entry.number)))
                remove_tree(std::format("/proc/self/fd/{}/kept/{}", state_.fd(), entry.number));
            continue;
        }
        for (const PackageChange& change : entry.changes)
            if (change.from) needed.insert(change.from->id.to_hex());
    }
    for (const std::string& name : state_.names("heads"))
        if (!needed.contains(name)) state_.remove_file("heads/" + name);
}

}  // namespace cairn::rootfs
