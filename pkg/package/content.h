#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/base/dir.h"
#include "pkg/base/fd.h"
#include "pkg/crypto/pkcs7.h"

/// What goes into a package: entries as they will be installed, and where each file's bytes come from; and
/// the cutting of these bytes into chunks. Used by writer.cpp.
namespace cairn::package {

/// Signs kernel modules while they are packed. Both are borrowed. Several threads sign at the same time.
struct ModuleSigner {
    crypto::RsaSigner& signer;
    const crypto::Certificate& certificate;
};

struct ContentItem {
    archive::FileEntry entry;          // as packed
    std::string source;                // the file below the stage that the content is read from
    std::vector<std::uint8_t> suffix;  // content that follows it: a module's signature
};

/// In the order of the packed paths.
using Contents = std::vector<ContentItem>;

/// The entries of a staged tree as they are packed: /etc becomes /usr/share/factory/etc, with its
/// directories. Throws Error when two entries come to the same path by that.
Contents plan_contents(const archive::FileTree& tree);

/// Signs every `*.ko`, by two threads, and corrects size and hash of its entry.
void sign_modules(Contents& contents, const Dir& stage, const ModuleSigner& signer);

archive::FileTree tree_of(const Contents& contents);

/// Reads the contents one after the other and cuts them into chunks. Chunks are cut by content; besides, a
/// file of at least `own_chunks_size` bytes begins a new chunk and ends its last one, so that what is around
/// it does not matter.
class ContentCutter {
  public:
    static constexpr std::uint64_t own_chunks_size = 64 * 1024;

    /// Both are borrowed.
    ContentCutter(const Dir& stage, const Contents& contents);
    /// Replaces `chunk` with the next chunk's bytes; with none at the end. Throws Error when a file is not as
    /// long as its entry says: it changed since it was scanned.
    void take_next(std::vector<std::uint8_t>& chunk);

  private:
    void fill();
    std::size_t read_some(std::span<std::uint8_t> place);
    bool begin_run();
    void open_current();

    const Dir& stage_;
    const Contents& contents_;
    std::size_t next_ = 0;     // the item that is read, or the first one not begun
    std::size_t run_end_ = 0;  // items up to here are cut as one
    Fd file_;
    std::uint64_t read_ = 0;  // bytes of the current item that were read
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0;  // bytes of the run that were read and not yet taken: [begin_, end_) of buffer_
    std::size_t end_ = 0;
};

}  // namespace cairn::package
