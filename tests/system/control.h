#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/fd.h"
#include "pkg/base/json.h"

namespace cairn::system_test {

/// QMP, QEMU's control protocol: a JSON object a line, over a socket that QEMU serves one client at a time.
class Control {
  public:
    explicit Control(const std::filesystem::path& socket);

    /// Gives what it returned. Throws Error with QEMU's words when it refuses.
    Json run(const std::string& command, const Json& arguments);
    /// An event of this kind, of those that came since this was made.
    void wait_for(const std::string& event);

  private:
    Json receive();

    Fd socket_;
    std::string received_;  // and not yet looked at
    std::vector<std::string> events_;
};

}  // namespace cairn::system_test
