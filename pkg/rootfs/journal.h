#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/crypto/hash.h"

/// The switch of a transaction as a list of steps, and carrying it out forwards or backwards.
///
/// Everything the steps need was prepared before: `new/<item>` has what comes, complete with its attributes,
/// and `old/<item>` is a hard link to what goes. So each step is one or two calls that neither read nor write
/// contents; and each can be carried out any number of times, in either direction, with the same end.
namespace cairn::rootfs {

enum class Action : std::uint8_t {
    tree,              // move a whole new directory with all that is in it to where nothing is
    put,               // move a new file or link to where nothing is
    replace,           // move a new file or link over the old one: at no time is nothing there
    remove,            // a file or link
    remove_directory,  // unless there is something in it that belongs to no package
    attributes,        // of a directory
};

struct Attributes {
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    bool operator==(const Attributes&) const = default;
};

struct Step {
    Action action = Action::put;
    std::uint64_t item = 0;  // of tree, put, replace and remove
    Attributes before = {};  // of remove_directory and attributes
    Attributes after = {};   // of attributes
    crypto::Hash content;    // of replace and remove: hash of the old file, kept to go back to; or zero
    std::string path = {};
    bool operator==(const Step&) const = default;
};

struct Journal {
    std::uint64_t transaction = 0;
    std::vector<Step> steps;
    bool operator==(const Journal&) const = default;
};

/// As text, see FORMAT.md. parse_journal throws VerifyError for all that format_journal does not write.
std::string format_journal(const Journal& journal);
Journal parse_journal(std::string_view text);

/// Carries a journal's steps out. All calls go through the two directories.
class Switch {
  public:
    /// `work` holds `new` and `old`. Borrowed.
    Switch(const Dir& root, const Dir& work, bool has_owners)
        : root_(root), work_(work), has_owners_(has_owners) {}

    /// To the new state. What somebody has put in the way since the journal was made is not overwritten: that
    /// throws. On failure some of the steps are done; turn_back() undoes them.
    void go_forward(const Journal& journal) const;
    /// To the old state, from wherever it stopped.
    void turn_back(const Journal& journal) const;

  private:
    void apply(const Step& step) const;
    void revert(const Step& step) const;
    void set_attributes(const std::string& path, const Attributes& attributes) const;
    bool is_same(const std::string& path, const std::string& item) const;

    const Dir& root_;
    const Dir& work_;
    bool has_owners_;
};

}  // namespace cairn::rootfs
