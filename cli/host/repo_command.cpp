#include "cli/host/repo_command.h"

#include "cli/host/host.h"

namespace cairn::host {

void add_repo_command(term::Command& root, Host&) {
    term::Command& group = root.add_command("repo", "Repositories of The Update Framework (TUF)");
    add_repo_client_command(group);
}

}  // namespace cairn::host
