#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "images/layout/boot_file_name.h"
#include "pkg/base/dir.h"

/// The boot files of one disk: what EFI/Linux on its ESP holds, and the few steps that change it.
///
/// Life of a version's boot file, by its name. Each arrow is one call of `BootFiles`; dotted names end in
/// something that the loader ignores.
///
///     (none) --stage--> base_2.0.efi.part --> base_2.0.efi.staged            not seen by the loader
///     base_2.0.efi.staged <--take_back-- --put_on_trial--> base_2.0+3-0.efi  on trial
///     base_2.0+3-0.efi --set_tries, or the loader--> base_2.0+2-1.efi … base_2.0+0-3.efi
///     base_2.0+2-1.efi --mark_good--> base_2.0.efi beside it, then alone     known to be good
///     any of them --remove--> (none), only while another version known to be good stays
///
/// A FAT directory has no journal, so these rules hold between any two steps:
/// - no file is ever renamed over another;
/// - the file of a version known to be good is never written, renamed or moved, only removed as a whole;
/// - content is written under a name that the loader ignores, synced, and then gets a new name;
/// - the file system is synced after each step, so that no later one reaches the disk before it.
/// Every step can be stopped anywhere and called again; it then goes on from what it finds. After a power cut
/// fsck.fat comes first: what a torn rename left as two names of one content, it makes whole or empty.
namespace cairn::slots {

struct ImageVersion {
    std::string name;
    std::string version;
    friend bool operator==(const ImageVersion&, const ImageVersion&) = default;
};
/// "base 1.2.0"
std::string to_text(const ImageVersion& image);

enum class BootFileKind {
    uncounted,   // "<name>_<version>.efi": for the loader a good one
    on_trial,    // "<name>_<version>+<left>-<done>.efi"
    staged,      // ".efi.staged": whole, the loader ignores it
    unfinished,  // ".efi.part": what a stopped write left, nobody reads it
};

struct BootFile {
    std::string file;  // its name in EFI/Linux
    ImageVersion image;
    BootFileKind kind = BootFileKind::uncounted;
    std::optional<layout::TryCounter> counter = {};  // only on trial
    std::uint64_t size = 0;
    friend bool operator==(const BootFile&, const BootFile&) = default;
};

/// What a name says; the size is left at 0. Empty for every file that is none of ours.
std::optional<BootFile> find_boot_file(std::string_view file);
std::string staged_name(const ImageVersion& image);
std::string unfinished_name(const ImageVersion& image);

/// A version is known to be good when its uncounted file has content and no counted one is left: while both
/// are there, it is still being made good. Empty: not known to be good.
std::optional<BootFile> find_known_good(std::span<const BootFile> files, const ImageVersion& image);
/// The versions known to be good, without `image`: what stands behind it.
std::vector<ImageVersion> known_good_besides(std::span<const BootFile> files, const ImageVersion& image);
/// The counted file of a version. Of two (a rename that was cut) the one that says more tries were done.
std::optional<BootFile> find_on_trial(std::span<const BootFile> files, const ImageVersion& image);

/// EFI/Linux of an ESP that is mounted writable. Files that are not ours are never touched. Not thread-safe.
class BootFiles {
  public:
    explicit BootFiles(Dir folder) : folder_(std::move(folder)) {}

    /// All of ours, sorted by name.
    std::vector<BootFile> list() const;
    /// For reading a file that `list` gave, to check its hash.
    Fd open(const BootFile& file) const;

    /// Makes `image` staged with what `write` puts into the file it is given; an older staged file of the
    /// same version goes first. When `write` throws, the loader has seen nothing and the next call tidies up.
    /// Throws UsageError for a version that is known to be good or on trial.
    void stage(const ImageVersion& image, const std::function<void(int fd)>& write);
    /// From staged to on trial with all tries: one rename, the switch. Done already: only tidies up.
    /// Who calls has checked content and slot just before.
    void put_on_trial(const ImageVersion& image);
    /// From on trial back to staged. Throws UsageError once a try was done.
    void take_back(const ImageVersion& image);
    /// Renames the counted file, for firmware that cannot.
    void set_tries(const ImageVersion& image, const layout::TryCounter& tries);
    /// Puts a second, complete file without a counter beside the counted one, compares both byte by byte as
    /// they are on the disk, then removes the counted one. Known to be good already: nothing happens.
    void mark_good(const ImageVersion& image);
    /// Removes all files of a version. Throws UsageError, and removes nothing, unless another version known
    /// to be good stays.
    void remove(const ImageVersion& image);
    /// Removes what stopped calls and repaired file systems leave: unfinished and empty files of any version.
    void clean_up();

  private:
    void write_unfinished(const ImageVersion& image, const std::function<void(int fd)>& write);
    void rename_to_new(const std::string& from, const std::string& to);
    void remove_files(std::span<const BootFile> files);
    void remove_kind(const ImageVersion& image, BootFileKind kind);
    void copy(const BootFile& from, int to) const;
    bool has_same_content(const BootFile& one, const std::string& other) const;
    void sync() const;

    Dir folder_;
};

}  // namespace cairn::slots
