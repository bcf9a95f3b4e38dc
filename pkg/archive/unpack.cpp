#include "pkg/archive/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <format>
#include <optional>
#include <span>
#include <utility>

#include "pkg/archive/unpack_input.h"
#include "pkg/archive/unpack_writer.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::archive {
namespace {

/// libarchive converts names of pax headers to the thread's locale and fails where it cannot: UTF-8 for as
/// long as an archive is read, whatever the program's locale is.
class Utf8Locale {
  public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr) previous_ = ::uselocale(locale_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    ~Utf8Locale() {
        if (locale_ == nullptr) return;
        ::uselocale(previous_);
        ::freelocale(locale_);
    }

  private:
    locale_t locale_;
    locale_t previous_ = nullptr;
};

/// Counts what comes out against the limits.
class Budget {
  public:
    Budget(const UnpackLimits& limits, std::uint64_t compressed_size)
        : entries_(limits.entries),
          bytes_(std::min(limits.total_bytes, limits.always_allowed + limits.ratio * compressed_size)) {}

    void take_entry() {
        if (entries_ == 0)
            throw VerifyError("cannot unpack archive: it has more entries than any source should");
        --entries_;
    }
    void require(std::uint64_t bytes) const {
        if (bytes > bytes_)
            throw VerifyError(
                "cannot unpack archive: it expands to more than its size allows, like a decompression bomb");
    }
    void take(std::uint64_t bytes) {
        require(bytes);
        bytes_ -= bytes;
    }

  private:
    std::uint64_t entries_;
    std::uint64_t bytes_;
};

/// Drops "." components and the first `strip` others. Empty when nothing is left. Throws VerifyError for
/// absolute paths and "..", also in what is dropped.
std::optional<std::string> find_destination_path(std::string_view raw, int strip) {
    if (raw.starts_with('/'))
        throw VerifyError(std::format("cannot unpack entry '{}': its path is absolute", raw));
    std::string path;
    for (const std::string& part : split(raw, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..")
            throw VerifyError(std::format("cannot unpack entry '{}': its path climbs out with '..'", raw));
        if (strip-- > 0) continue;
        if (!path.empty()) path += '/';
        path += part;
    }
    if (path.empty()) return std::nullopt;
    if (!is_safe_relative_path(path))
        throw VerifyError(std::format("cannot unpack entry '{}': its path is too long", raw));
    return path;
}

/// A name of an entry as bytes: as written, or UTF-8 where the header had it in another form.
std::string_view first_of(const char* as_written, const char* as_utf8) {
    if (as_written != nullptr) return as_written;
    return as_utf8 != nullptr ? as_utf8 : "";
}

bool is_wanted(const UnpackOptions& options, std::string_view path) {
    return (options.only.empty() || is_selected_by(options.only, path)) &&
           !is_selected_by(options.exclude, path);
}

class Unpacker {
  public:
    Unpacker(UnpackInput& input, const Dir& destination, const UnpackOptions& options)
        : input_(input),
          options_(options),
          budget_(options.limits, input.compressed_size()),
          writer_(destination) {}

    UnpackSummary run() {
        struct archive_entry* entry = nullptr;
        while (find_next(entry)) unpack(entry);
        input_.finish();
        writer_.finish();
        return writer_.summary();
    }

  private:
    bool find_next(struct archive_entry*& entry) {
        while (true) {
            const int result = archive_read_next_header(input_.get(), &entry);
            if (result == ARCHIVE_EOF) return false;
            if (result == ARCHIVE_RETRY) continue;
            if (result < ARCHIVE_WARN) input_.fail();
            return true;
        }
    }

    void unpack(struct archive_entry* entry) {
        budget_.take_entry();
        const std::string_view raw =
            first_of(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
        const auto path = find_destination_path(raw, options_.strip);
        const char* link = archive_entry_hardlink(entry);
        if (link == nullptr) require_plain_kind(entry, raw);
        if (!path || !is_wanted(options_, *path)) {
            budget_.take(declared_size(entry));
        } else if (link != nullptr) {
            unpack_hard_link(link, *path);
        } else if (archive_entry_filetype(entry) == AE_IFDIR) {
            writer_.make_directory(*path);
        } else if (archive_entry_filetype(entry) == AE_IFLNK) {
            unpack_symlink(entry, *path);
        } else {
            unpack_file(entry, *path);
        }
    }

    static void require_plain_kind(struct archive_entry* entry, std::string_view raw) {
        const auto type = archive_entry_filetype(entry);
        if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
            throw VerifyError(std::format("cannot unpack entry '{}': it is a device, fifo or socket", raw));
    }

    static std::uint64_t declared_size(struct archive_entry* entry) {
        return archive_entry_size_is_set(entry) != 0
                   ? static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0))
                   : 0;
    }

    void unpack_hard_link(const char* link, const std::string& path) {
        const auto target = find_destination_path(link, options_.strip);
        if (!target)
            throw VerifyError(
                std::format("cannot unpack entry '{}': it is a hard link to what is left out", path));
        writer_.make_hard_link(*target, path);
    }

    void unpack_symlink(struct archive_entry* entry, const std::string& path) {
        const std::string_view target =
            first_of(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
        if (target.empty() || target.size() > 4095)
            throw VerifyError(
                std::format("cannot unpack entry '{}': it is a symbolic link without a usable target", path));
        writer_.make_symlink(std::string(target), path);
    }

    void unpack_file(struct archive_entry* entry, const std::string& path) {
        budget_.require(declared_size(entry));
        Fd file = writer_.make_file(path, (archive_entry_perm(entry) & 0100) != 0);
        const std::uint64_t size = write_content(file.get(), path);
        // A sparse file may end in a hole, which has no block.
        if (const std::uint64_t declared = declared_size(entry); declared > size) {
            budget_.take(declared - size);
            if (::ftruncate(file.get(), static_cast<off_t>(declared)) != 0)
                throw SystemError(std::format("cannot set the size of '{}'", path));
        }
        writer_.close_file(std::move(file), path);
    }

    std::uint64_t write_content(int file, const std::string& path) {
        std::uint64_t end = 0;
        while (true) {
            const void* block = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            const int result = archive_read_data_block(input_.get(), &block, &size, &offset);
            if (result == ARCHIVE_EOF) return end;
            if (result == ARCHIVE_RETRY) continue;
            if (result < ARCHIVE_WARN) input_.fail();
            const std::uint64_t start = static_cast<std::uint64_t>(offset);
            if (offset < 0 || start < end)
                throw VerifyError(std::format("cannot unpack entry '{}': its parts overlap", path));
            budget_.take(start - end + size);
            const std::span bytes(static_cast<const std::uint8_t*>(block), size);
            write_all_at(file, bytes, start, path);
            end = start + size;
        }
    }

    UnpackInput& input_;
    const UnpackOptions& options_;
    Budget budget_;
    UnpackWriter writer_;
};

}  // namespace

UnpackSummary unpack_archive(const std::filesystem::path& file, const Dir& destination,
                             const UnpackOptions& options) {
    return with_context(std::format("unpacking '{}'", file.string()), [&] {
        const Utf8Locale locale;
        UnpackInput input(file, UnpackInput::Content::archive);
        return Unpacker(input, destination, options).run();
    });
}

std::string read_compressed_file(const std::filesystem::path& file, std::uint64_t limit) {
    UnpackInput input(file, UnpackInput::Content::raw);
    std::string text;
    struct archive_entry* entry = nullptr;
    if (const int result = archive_read_next_header(input.get(), &entry); result == ARCHIVE_EOF) {
        return text;
    } else if (result < ARCHIVE_WARN) {
        input.fail();
    }
    while (true) {
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(input.get(), &block, &size, &offset);
        if (result == ARCHIVE_EOF) break;
        if (result < ARCHIVE_WARN) input.fail();
        if (text.size() + size > limit)
            throw VerifyError(std::format("'{}' expands to more than {} bytes", file.string(), limit));
        text.append(static_cast<const char*>(block), size);
    }
    input.finish();
    return text;
}

bool is_selected_by(const std::vector<std::string>& patterns, std::string_view path) {
    return std::ranges::any_of(patterns, [path](const std::string& pattern) {
        if (is_glob_match(pattern, path)) return true;
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
             slash = path.find('/', slash + 1))
            if (is_glob_match(pattern, path.substr(0, slash))) return true;
        return false;
    });
}

}  // namespace cairn::archive
