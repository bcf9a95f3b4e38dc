#pragma once

#include "pkg/rootfs/managed_root.h"

/// Carrying out a plan, and what is done about one that was interrupted. Used by managed_root.cpp.
namespace cairn::rootfs {

struct PreparedBy {
    const Request& request;
    const Plan& plan;
    const std::vector<ContentSource>& sources;
    const HistoryEntry& entry;
};

/// One transaction, in the order that FORMAT.md gives. All is borrowed.
class Transaction {
  public:
    Transaction(const Dir& root, const Dir& state, package::Owners owners)
        : root_(root), state_(state), owners_(owners) {}

    /// On failure nothing has happened, or everything was undone.
    void run(const PreparedBy& what);
    /// Finishes or undoes what is in the work directory.
    ManagedRoot::Recovery recover();

  private:
    void check_room(const Plan& plan) const;
    void prepare(const PreparedBy& what, const Dir& work) const;
    void finish(const Journal& journal, const Dir& work);
    void undo(const Journal& journal, const Dir& work);
    void take_over(const Journal& journal, const Dir& work) const;
    void drop_work() const;
    void prune() const;
    Switch make_switch(const Dir& work) const;
    void sync() const;

    const Dir& root_;
    const Dir& state_;
    package::Owners owners_;
};

inline ManagedRoot::Recovery recover(const Dir& root, const Dir& state, package::Owners owners) {
    return Transaction(root, state, owners).recover();
}

}  // namespace cairn::rootfs
