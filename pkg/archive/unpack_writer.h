#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "pkg/archive/unpack.h"
#include "pkg/base/dir.h"

namespace cairn::archive {

/// Makes the files of an unpacked archive below one directory. It only ever adds: nothing that is there is
/// replaced or followed, so what an earlier entry made cannot turn a later one aside. Paths are checked by
/// `Dir`.
class UnpackWriter {
  public:
    /// `destination` is borrowed.
    explicit UnpackWriter(const Dir& destination);

    void make_directory(const std::string& path);
    void make_symlink(const std::string& target, const std::string& path);
    /// `target` must be a file that was made before.
    void make_hard_link(const std::string& target, const std::string& path);
    /// A new empty file; its content is for the caller to write, then close_file().
    Fd make_file(const std::string& path, bool is_executable);
    /// Sets the fixed time.
    void close_file(Fd file, const std::string& path);
    /// Sets the fixed times of directories; the last call.
    void finish();

    const UnpackSummary& summary() const { return summary_; }

  private:
    /// The directory that holds `path`, made if missing, and the last component of `path`.
    std::pair<const Dir*, std::string> parent_of(const std::string& path);
    void set_fixed_time(int directory, const std::string& name) const;
    template <class Body>
    decltype(auto) make_entry(const std::string& path, Body&& body);

    const Dir& destination_;
    bool is_mode_masked_;  // our umask takes away bits that we want
    std::unordered_set<std::string> directories_;
    std::string parent_path_;
    std::optional<Dir> parent_;  // the last one used: entries come directory by directory
    UnpackSummary summary_;
};

}  // namespace cairn::archive
