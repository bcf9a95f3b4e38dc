#pragma once

#include <map>
#include <memory>
#include <solv/pool.h>
#include <solv/queue.h>
#include <string>
#include <vector>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/rank.h"

namespace cairn::solve {

/// Owns a libsolv queue.
class IdQueue {
  public:
    IdQueue() { queue_init(&queue_); }
    ~IdQueue() { queue_free(&queue_); }
    IdQueue(const IdQueue&) = delete;
    IdQueue& operator=(const IdQueue&) = delete;

    Queue* get() { return &queue_; }
    int size() const { return queue_.count; }
    Id operator[](int index) const { return queue_.elements[index]; }
    void push(Id id) { queue_push(&queue_, id); }

  private:
    Queue queue_;
};

/// A catalogue as libsolv sees it. What a relation means stays ours, whatever libsolv was compiled for:
/// versions go in as numbers (VersionRanks), and a name is known to it three times:
///
///     name    what any relation without a version asks for; the package's own name also with its version
///     name =  what relations with a version ask for: only what has a version gives it
///     name #  given by packages called so and no others
///
/// Borrows the catalogue.
class SatPool {
  public:
    explicit SatPool(const Catalogue& catalogue);

    Pool* get() const { return pool_.get(); }
    Id id_of(std::size_t entry) const { return ids_[entry]; }
    std::size_t entry_of(Id id) const;
    /// The relation as it was written.
    const std::string& text_of(Id relation) const;

  private:
    struct Free {
        void operator()(Pool* pool) const { pool_free(pool); }
    };

    Id name_id(const std::string& name);
    Id relation_id(const package::Relation& relation, const std::string& name);
    Id asked_id(const package::Relation& relation);
    void add(std::size_t entry, s_Repo& repo);

    const Catalogue& catalogue_;
    VersionRanks ranks_;
    std::unique_ptr<Pool, Free> pool_;
    std::vector<Id> ids_;               // by entry
    std::vector<std::size_t> entries_;  // by id
    std::map<Id, std::string> relations_;
};

}  // namespace cairn::solve
