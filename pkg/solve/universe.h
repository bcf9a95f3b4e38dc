#pragma once

#include <string>
#include <vector>

#include "pkg/package/identity.h"

/// From wanted names to exact packages: what there is to choose from, and what is asked for.
namespace cairn::solve {

/// One package that a root has or could have.
struct Candidate {
    package::Identity identity;
    std::string origin;  // where it comes from, for people: a repository, a file; may be empty
    bool is_installed = false;
    bool operator==(const Candidate&) const = default;
};

/// The order of the candidates means nothing. The same package may be both installed and available.
struct Universe {
    std::string architecture;  // the root's: x86_64 or aarch64
    std::vector<Candidate> candidates;
};

/// What is asked for. All of it is done, or nothing; the order within the lists means nothing.
struct Job {
    std::vector<std::string> install;  // relations: "editor", "editor >= 2", "mail-server", "so:libz.so.1"
    std::vector<std::string> remove;   // names of installed packages
    bool removes_dependents = false;   // also what cannot be without those
    std::vector<std::string> upgrade;  // names of installed packages
    bool upgrades_all = false;
    std::vector<std::string> hold;  // names: what is installed stays as it is, what is not does not come
};

/// "editor 2.0".
std::string label(const package::Identity& identity);

}  // namespace cairn::solve
